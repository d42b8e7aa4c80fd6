"""What is on a picture: chips, pins and wires as data, before anything has a place."""
