"""The board as a page to explore."""
