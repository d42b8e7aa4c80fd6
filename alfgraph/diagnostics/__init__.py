"""What is wrong, as data, and how it is shown."""
