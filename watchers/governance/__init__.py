"""Who voted with how much, and what it changed."""
