"""The schedule in numbers."""
