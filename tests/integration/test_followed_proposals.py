"""A proposal that is followed: each block with votes revises what its creation said, and a reorg takes it back."""

from redis.asyncio import Redis

from tests import governed
from tests.governed import OTHER, W, created_log, vote_log, world
from tests.node import Clock, Node, address
from watchers.alert import AlertState, ProposalFacts
from watchers.chain.steps import Rewind

SNAPSHOT, DEADLINE = 12, 40


def a_node() -> Node:
    """A proposal of block 10, a large vote in block 20, one below every floor in block 30; it ends after block 40."""
    node = Node(clock=Clock())
    logs = {10: [created_log(SNAPSHOT, DEADLINE)], 20: [vote_log(300 * W, voter=OTHER)]}
    logs[30] = [vote_log(W, voter=address(3), support=0)]
    node.mine_many(60, lambda number: logs.get(number, []))
    node.states = governed.answers(SNAPSHOT, DEADLINE)
    return node


def of(state: AlertState | None) -> ProposalFacts:
    assert state is not None
    assert state.live
    assert isinstance(state.alert.facts, ProposalFacts)
    return state.alert.facts


async def test_votes_below_every_floor_revise_it_and_a_reorg_brings_the_old_tally_back(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        (created,) = await w.pipeline.forward(w.step(10))
        assert len(await w.pipeline.forward(w.step(20))) == 1
        before = of(await w.store.alert(created.id))
        assert before.tally is not None
        assert (before.tally.for_raw, before.tally.against_raw) == (300 * W, 0)
        assert await w.pipeline.forward(w.step(30)) == []
        after = of(await w.store.alert(created.id))
        assert after.tally is not None
        assert (after.tally.against_raw, after.tally.voters) == (W, 2)
        assert after.followed is not None
        assert [vote.voter for vote in after.followed.largest] == [OTHER, address(3)]
        await w.pipeline.take(Rewind(w.step(30).block.cursor))
        assert of(await w.store.alert(created.id)) == before


async def test_the_first_block_after_its_deadline_ends_it_without_a_request(redis: Redis) -> None:
    async with world(a_node(), redis) as w:
        (created,) = await w.pipeline.forward(w.step(10))
        await w.pipeline.forward(w.step(20))
        asked = w.node.requests
        await w.pipeline.forward(w.step(40))
        open_still = of(await w.store.alert(created.id)).followed
        assert open_still is not None
        assert not open_still.ended
        await w.pipeline.forward(w.step(41))
        over = of(await w.store.alert(created.id)).followed
        assert over is not None
        assert over.ended
        assert w.node.requests == asked
        await w.pipeline.take(Rewind(w.step(41).block.cursor))
        assert of(await w.store.alert(created.id)).followed == open_still
