"""People: who they are, what they carry, where they are now, calls to them and their calls for help."""
