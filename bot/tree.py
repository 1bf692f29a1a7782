"""Every file of `bot/commands` found and added to the command tree, and the one place where a command's error ends."""

import importlib
import pkgutil
import uuid
from collections.abc import Coroutine
from typing import Any

import discord
import structlog
from discord import app_commands

import bot.commands
from bot.cards.card import Card
from bot.desk import Desk
from bot.reply import Asked, reply, tell
from watchers.errors import ChainError, DefinitionError, TribuneError, UserError

log = structlog.get_logger(__name__)


async def answer_error(asked: Asked, error: Exception) -> None:
    """Say what to do; an unforeseen error gets a number that joins the asker's sentence and the log."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    try:
        await tell(asked, sentence(cause, asked))
    except discord.DiscordException as lost:
        log.warning("a reply was lost", reason=type(lost).__name__)


async def answer_button(asked: Asked, work: Coroutine[Any, Any, Card], *, in_place: bool = False) -> None:
    """Answer a pressed button privately. discord.py would only log its errors: they end here as a command's do."""
    try:
        await reply(asked, work, private=True, in_place=in_place)
    except Exception as error:  # noqa: BLE001 - the same place as the command tree's error handler, for buttons
        await answer_error(asked, error)


def sentence(cause: BaseException, asked: Asked) -> str:
    """Give the private sentence for an error; log once what nobody foresaw."""
    known = _remedy(cause)
    if known:
        return known
    number = uuid.uuid4().hex[:8]
    command = asked.command.qualified_name if asked.command else "a button"
    foreseen = isinstance(cause, TribuneError)
    log.error("a command failed", number=number, command=command, exc_info=None if foreseen else cause, why=str(cause))
    if foreseen:
        return f"That cannot be answered right now; it is being looked after. Try again in a minute. ({number})"
    return f"Something went wrong on our side and was written down as {number}. Try again, or tell the operator."


_CHANGED = "This command has changed since your Discord learnt it. Restart Discord and try again."
_SENTENCES: dict[type[BaseException], str] = {
    app_commands.NoPrivateMessage: "This works in a server only: open it there, in the channel that it is about.",
    app_commands.TransformerError: (
        "I cannot use what you picked there. If it is a channel or a thread, let my role see it "
        "(permission View Channel) and try again."
    ),
    app_commands.CommandNotFound: _CHANGED,
    app_commands.CommandSignatureMismatch: _CHANGED,
    # its chain's loop has said it already
    ChainError: "No node of the chain answers now. `/status` says which chains that is; try again in a few minutes.",
}


def _remedy(cause: BaseException) -> str:
    """Tell the asker what to do where the asker can do it; empty where not."""
    if isinstance(cause, UserError):
        return str(cause)
    if isinstance(cause, app_commands.MissingPermissions):
        needed = ", ".join(name.replace("_", " ").title() for name in cause.missing_permissions)
        return f"You need the permission {needed} for this. Ask somebody who manages this server."
    return next((sentence for kind, sentence in _SENTENCES.items() if isinstance(cause, kind)), "")


def assemble(client: discord.Client, tree: app_commands.CommandTree[Any], desk: Desk) -> None:
    """Add every command and button of `bot/commands`. Raises DefinitionError for a file that declares nothing."""
    tree.error(answer_error)
    for info in pkgutil.iter_modules(bot.commands.__path__):
        module = importlib.import_module(f"bot.commands.{info.name}")
        commands, items = getattr(module, "commands", None), getattr(module, "items", None)
        if commands is None and items is None:
            raise DefinitionError(f"{module.__file__}: declares neither commands(desk) nor items(desk)")
        for command in commands(desk) if commands else ():
            tree.add_command(command)
        if items:
            client.add_dynamic_items(*items(desk))
