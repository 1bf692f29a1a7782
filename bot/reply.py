"""How an answer reaches the asker: at once when it is ready within two seconds, deferred otherwise.

Source: Discord documentation, "Receiving and Responding": the first reply within 3 s, the token is good for 15 min.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import discord

from bot.cards.card import Card
from bot.cards.layout import REFUSED, files, view, without_pictures
from watchers.errors import UserError

PATIENCE_S = 2.0
LONGEST_S = 120.0
SENTENCE = 2000  # characters of a message's content

Asked = discord.Interaction[Any]
_THINKING = discord.InteractionResponseType.deferred_channel_message


async def reply(
    asked: Asked, work: Coroutine[Any, Any, Card], *, private: bool = False, in_place: bool = False
) -> None:
    """Answer with the card that `work` gives; `in_place`: the message whose button was pressed becomes the answer.
    A UserError becomes a private sentence, whatever was deferred.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=PATIENCE_S)
        if not task.done():
            await (asked.response.defer() if in_place else asked.response.defer(ephemeral=private, thinking=True))
        async with asyncio.timeout(LONGEST_S):
            card = await task
    except UserError as error:
        await tell(asked, str(error))
        return
    except TimeoutError:
        await tell(asked, "That took too long and was given up. Try a narrower question.")
        return
    finally:
        task.cancel()
    await _send(asked, _allowed(asked, card), private=private, in_place=in_place)


def _allowed(asked: Asked, card: Card) -> Card:
    """Leave the pictures out where the bot may not attach files."""
    if card.pictures and not asked.app_permissions.attach_files:
        return without_pictures(card)
    return card


async def _send(asked: Asked, card: Card, *, private: bool, in_place: bool) -> None:
    """Send the answer; an edit leaves no picture of what it replaces. Pictures that Discord refuses stay away."""
    try:
        if asked.response.is_done():
            await asked.edit_original_response(view=view(card), attachments=files(card))
        elif in_place:
            await asked.response.edit_message(view=view(card), attachments=files(card))
        else:
            await asked.response.send_message(view=view(card), files=files(card), ephemeral=private)
    except discord.HTTPException as error:
        if not card.pictures or error.status not in REFUSED:
            raise
        await _send(asked, without_pictures(card), private=private, in_place=in_place)


async def tell(asked: Asked, sentence: str) -> None:
    """Say one sentence to the asker alone; a "thinking" that everybody sees is taken away first."""
    nobody = discord.AllowedMentions.none()
    said = sentence if len(sentence) <= SENTENCE else sentence[: SENTENCE - 1] + "…"
    if not asked.response.is_done():
        await asked.response.send_message(said, ephemeral=True, allowed_mentions=nobody)
        return
    if asked.response.type is _THINKING:
        await asked.delete_original_response()
    await asked.followup.send(said, ephemeral=True, allowed_mentions=nobody)
