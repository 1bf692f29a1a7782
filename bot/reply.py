"""How an answer reaches the asker: at once when it is ready within two seconds, deferred otherwise.

Source: Discord documentation, "Receiving and Responding": the first reply within 3 s, the token is good for 15 min.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import discord

from bot.cards.card import Card
from bot.cards.layout import view
from watchers.errors import UserError

PATIENCE_S = 2.0
LONGEST_S = 120.0

Asked = discord.Interaction[Any]


async def reply(asked: Asked, work: Coroutine[Any, Any, Card], *, private: bool = False) -> None:
    """Answer with the card that `work` gives. A UserError becomes a private sentence, whatever was deferred."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=PATIENCE_S)
        if not task.done():
            await asked.response.defer(ephemeral=private, thinking=True)
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
    if asked.response.is_done():
        await asked.edit_original_response(view=view(card))
    else:
        await asked.response.send_message(view=view(card), ephemeral=private)


async def tell(asked: Asked, sentence: str) -> None:
    """Say one sentence to the asker alone; a public "thinking" is taken away first."""
    nobody = discord.AllowedMentions.none()
    if not asked.response.is_done():
        await asked.response.send_message(sentence, ephemeral=True, allowed_mentions=nobody)
        return
    await asked.delete_original_response()
    await asked.followup.send(sentence, ephemeral=True, allowed_mentions=nobody)
