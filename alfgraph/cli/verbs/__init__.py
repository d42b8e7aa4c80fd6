"""What the verbs do, a module each: `verb` asks the library for one thing and prints it."""
