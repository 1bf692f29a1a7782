"""How much of a voter's power is new: what it had at the snapshot against what it had a while before.

Power that comes shortly before the snapshot may be borrowed, bought or delegated for the one vote. It may as well be a
delegate's good day, so it is told and raises no severity. The while is a day unless a watch says otherwise: most
governors wait one to seven days between a proposal and its snapshot, so a day sees what was gathered once the proposal
was out, where a hundred blocks (Forta's UNI bot), twenty minutes, would be waited out.

Units: `_raw` base units of the voting token; times in the governor's own clock, which is its token's too.
Source: OpenZeppelin `IVotes.getPastVotes`; Compound `Comp.getPriorVotes`, which UNI and NOUNS have as well.
"""

from collections.abc import Iterable, Iterator, Sequence

from config.settings import Chain, Dao, VoteWatch
from watchers.facts import Answer, Ask, Call, eth_call, words
from watchers.governance.asks import Times
from watchers.governance.clock import tick_s
from watchers.governance.events import Vote

HOUR_S = 3_600
MOST = 1 << 256
PAST_VOTES = ("getPastVotes(address,uint256)", "getPriorVotes(address,uint256)")


class Gained(Ask[int], frozen=True):
    """What a voter gained from `before` to `snapshot`; 0 for one who gained nothing. None for a token that keeps no
    past votes: a veToken, a MiniMe, an NFT without checkpoints.
    """

    token: str
    voter: str
    before: int
    snapshot: int

    def calls(self, block: int) -> tuple[Call, ...]:
        """Ask both kinds of token for both times, at the block itself: the past is fixed, and may be one block old."""
        return tuple(
            eth_call(self.token, getter, (self.voter, at), block=block)
            for getter in PAST_VOTES
            for at in (self.before, self.snapshot)
        )

    def read(self, answers: Sequence[Answer]) -> int | None:
        """Read the first kind that tells both."""
        for first in range(0, len(answers), 2):
            before, now = (words(answer, "uint256") for answer in answers[first : first + 2])
            if before is not None and now is not None:
                return max(0, int(now[0]) - int(before[0]))
        return None


def question(vote: Vote, dao: Dao, chain: Chain, times: Times | None, watches: Iterable[VoteWatch]) -> Gained | None:
    """Give what to ask of a vote; None where there is nothing to ask: no token, no snapshot, no watch that wants it."""
    hours = hours_of(watches)
    if not dao.token or times is None or not hours or not vote.weight_raw or times.snapshot >= MOST:
        return None
    before = times.snapshot - max(1, round(hours * HOUR_S / tick_s(dao, chain)))
    return Gained(dao.token, vote.voter, before, times.snapshot) if before > 0 else None


def hours_of(watches: Iterable[VoteWatch]) -> int:
    """Give the while that is looked at: the longest that a watch asks for; 0: none does."""
    return max((watch.gained_within_h for watch in watches), default=0)


def questions(
    votes: Iterable[Vote], dao: Dao, chain: Chain, times: Times | None, watches: Sequence[VoteWatch]
) -> Iterator[Gained]:
    """Ask of the votes that reach the floor of a watch; the many small ones are not said."""
    floors = [watch.min_tokens.scaleb(dao.decimals) for watch in watches if watch.gained_within_h]
    for vote in votes:
        if floors and vote.weight_raw >= min(floors):
            ask = question(vote, dao, chain, times, watches)
            if ask is not None:
                yield ask
