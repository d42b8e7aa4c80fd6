"""Plain torch modules that networks are built of."""
