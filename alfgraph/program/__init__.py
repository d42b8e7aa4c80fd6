"""The emitted source with real parts bound to its names, and the state they hold."""
