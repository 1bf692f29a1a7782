"""A place to try Tribune: a local Discord and a recorded chain. Imports nothing of the bot."""
