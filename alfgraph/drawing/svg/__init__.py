"""The laid out board as SVG, and as pixels."""
