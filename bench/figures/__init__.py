"""One file a family of figures, each with `async def measure()`; being in the folder registers it."""
