"""Graph files, and what is changed about the boards in them."""
