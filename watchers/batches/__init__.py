"""What really happened inside a batch, call by call."""
