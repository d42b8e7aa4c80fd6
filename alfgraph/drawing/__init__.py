"""Drawings of a board: SVG, HTML, PNG, PDF, Mermaid, Graphviz, JSON and text."""
