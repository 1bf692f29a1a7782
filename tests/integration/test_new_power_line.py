"""A vote's new power and its share of what is delegated: from the chain's logs to the card and to Why?."""

from decimal import Decimal

from redis.asyncio import Redis

from bot.cards import render
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from bot.commands import why
from config.settings import VoteWatch
from tests import governed
from tests.delegation import power_log
from tests.desk import DESK
from tests.governed import OTHER, TOKEN, WHALE, W, World, created_log, vote_log, world
from tests.node import Clock, Node
from watchers.abi import encode_words, selector
from watchers.alert import AlertState, Influence, VoteFacts
from watchers.governance.gained import HOUR_S

BORN, SNAPSHOT, VOTED, DEADLINE = 10, 1_300, 1_305, 1_320
WATCH = VoteWatch(kind="vote", name="large", gained_within_h=1)


def a_node() -> Node:
    """A proposal, 600 and 400 delegated as it is created, and a vote of 300 by who had 50 an hour before."""
    node = Node(clock=Clock())
    logs = {
        BORN: [created_log(SNAPSHOT, DEADLINE), power_log(WHALE, 0, 600 * W), power_log(OTHER, 0, 400 * W)],
        VOTED: [vote_log(300 * W), power_log(OTHER, 400 * W, 900 * W)],
    }
    node.mine_many(VOTED + 5, lambda number: logs.get(number, []))
    node.states = governed.answers(SNAPSHOT, DEADLINE)
    return node


def had(w: World, at: int, tokens: int) -> None:
    """Let the token tell what the whale had."""
    given = encode_words(("address", "uint256"), (WHALE, at)).hex()
    w.node.states[TOKEN + selector("getPastVotes(address,uint256)") + given] = f"0x{tokens * W:064x}"


async def voted(w: World) -> tuple[AlertState, Influence]:
    """Follow the chain from its first block with a book of delegates to the vote; give its alert as it was stored."""
    await w.store.feed_books(await epoch(w), [TOKEN])
    await w.pipeline.forward(w.step(BORN))
    (alert,) = await w.pipeline.forward(w.step(VOTED))
    state = await w.store.alert(alert.id)
    assert state is not None
    assert isinstance(state.alert.facts, VoteFacts)
    assert state.alert.facts.influence is not None
    return state, state.alert.facts.influence


async def epoch(w: World) -> int:
    found = await w.store.acquire("test", 60_000)
    assert found is not None
    return found


async def test_new_power_and_the_share_of_what_is_delegated_now_reach_the_card_and_why(redis: Redis) -> None:
    async with world(a_node(), redis, WATCH, token_start_block=BORN) as w:
        assert w.chain.block_time_s is not None
        hour = round(HOUR_S / w.chain.block_time_s)
        had(w, SNAPSHOT, 300)
        had(w, SNAPSHOT - hour, 50)
        state, seen = await voted(w)
    assert (seen.gained_raw, seen.gained_within_h) == (250 * W, 1)
    assert seen.share_of_delegated == Decimal("0.3")  # as delegated before the block: 600 and 400
    card = plain(render([state], Lexicon(DESK.settings)), now_s=0)
    assert "250 of it was gained within the hour before the snapshot" in card
    told = "\n".join(why.answer(state, DESK).facts)
    assert "**New power** 250 DEMO, 83.3 % of it, gained within the hour before the snapshot" in told
    assert "**Of delegated power** 30.0 % of what is delegated now; no contract tells what was at the snapshot" in told


async def test_without_a_whole_book_and_without_past_votes_neither_is_made_up(redis: Redis) -> None:
    async with world(a_node(), redis, WATCH, token_start_block=BORN - 1) as w:
        state, seen = await voted(w)
    assert (seen.gained_raw, seen.gained_within_h, seen.share_of_delegated) == (None, 1, None)
    told = "\n".join(why.answer(state, DESK).facts)
    assert "**New power** unknown: what was held the hour before the snapshot could not be read" in told
    assert "Of delegated power" not in told
