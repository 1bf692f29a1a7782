"""What is worth saying: a chain in, alerts out. Knows nothing of Discord."""
