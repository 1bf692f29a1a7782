"""A local Discord: REST, gateway and a page, enough for an unmodified client, with Discord's documented limits."""

from sandbox.discord.options import Refused
from sandbox.discord.reply import NoAnswer, Reply, text_of
from sandbox.discord.server import Discord

__all__ = ["Discord", "NoAnswer", "Refused", "Reply", "text_of"]
