"""What keeps the program observable: logs and health."""
