"""What a run was, on disk: written whole or not at all."""
