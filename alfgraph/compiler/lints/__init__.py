"""What is legal and hardly meant; a finding a file."""
