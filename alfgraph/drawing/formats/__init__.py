"""The board in the languages of other tools."""
