"""Every kind of governor on one chain: the same proposals put to all of them, in the same blocks, vote by vote.

After each block the contracts themselves are asked what they have counted, and, on a fork in which voting ends there,
how they would decide: `Word`. Nothing here knows how the bot reads or decides anything.

Units: votes are whole tokens of 1,000,000; `tick` counts blocks of two seconds from the block of the proposals.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from tests.evm.anvil import Anvil, Contract, accounts
from tests.evm.dialects import PCT, Aragon, Bravo, Dialect, Numbered, PlainBravo
from tests.evm.plans import (
    ARAGON,
    CANCEL,
    EARLY,
    EXECUTE,
    FOR_ONLY,
    FRACTIONS,
    LAST,
    OBJECTIONS,
    OVERRIDES,
    QUEUE,
    SIMPLE,
    SWEEP,
    Plan,
)
from tests.evm.world import ETHER, NOBODY

SUPPLY = 1_000_000
QUORUM = 40_000  # 4 % of the supply
DELAY, PERIOD, EXTENSION = 2, 20, 6  # blocks
BLOCK_S = 2
OBJECTION_S = 12
LOCK_S = 4
DEPLOY_GAS = 14_000_000
VOTERS = {
    "ada": 25_000,
    "ben": 15_000,
    "cleo": 15_000,
    "dan": 45_000,
    "eve": 30_000,
    "fay": 100,
    "gus": 30_000,
    "hal": 20_000,
    "nil": 0,
    "whale": 600_000,
}
ROLES = ("deployer", *VOTERS, "ivy", "jan")


class Word(NamedTuple):
    """What a contract says of a proposal after a block: for, against, abstain, and how it would end with these votes.
    `is_quorum` tells whether a number is the least that reaches the quorum.
    """

    counts: tuple[int, int, int]
    passes: bool
    is_quorum: Callable[[int], bool]


class Kind(NamedTuple):
    """A governor of the table: its contract and what that is made of, and the words that daos.toml has for it."""

    contract: str
    protocol: str = "oz_governor"
    made_of: tuple[Any, ...] = ("name", "token", "lock", DELAY, PERIOD)
    token: str = "VotesToken"
    lock: str = ""  # the timelock's contract
    dialect: type[Dialect] = Dialect
    plans: dict[str, Plan] = SIMPLE
    clock: Literal["block", "timestamp"] = "block"
    extends: bool = False


_UNLOCKED = ("name", "token", DELAY, PERIOD)
_FIRST = ("name", "token", "lock", PERIOD + 1)  # contracts whose delay is one block
_ARAGON = ("token", PCT // 2, PCT // 25, (DELAY + PERIOD) * BLOCK_S)
_BRAVO = ("token", "lock", QUORUM * ETHER, DELAY, PERIOD)
_FIVE, _FOUR, _COMPOUND = "TimelockController", "TimelockController4", "WaitingLock"
KINDS = {
    "oz5_timelock": Kind("TimelockedGovernor", lock=_FIVE),
    "oz5_seconds": Kind(
        "TimelockedGovernor",
        made_of=("name", "token", "lock", DELAY * BLOCK_S, PERIOD * BLOCK_S),
        token="SecondsToken",
        lock=_FIVE,
        clock="timestamp",
    ),
    "oz5_late_quorum": Kind("ModernGovernor", made_of=(*_FIRST, EXTENSION), lock=_FIVE, extends=True),
    "oz5_super_quorum": Kind("SuperGovernor", made_of=_UNLOCKED, plans=SIMPLE | {"sweeps": SWEEP}),
    "oz5_fractional": Kind("FractionalGovernor", made_of=("name", "token", PERIOD + 1), plans=FRACTIONS),
    "oz5_overridable": Kind(
        "OverridableGovernor", made_of=("token", PERIOD + 1), token="ExtendedToken", plans=OVERRIDES
    ),
    "oz5_compound_timelock": Kind("CompoundTimelockGovernor", lock=_COMPOUND),
    "oz5_storage": Kind("StoringGovernor", made_of=_UNLOCKED, dialect=Numbered),
    "oz4_timelock": Kind("FourthGovernor", lock=_FOUR),
    "oz4_late_quorum": Kind(
        "FourthLateGovernor", made_of=("name", "token", "lock", DELAY, PERIOD, EXTENSION), lock=_FOUR, extends=True
    ),
    "oz4_bravo": Kind("BravoGovernor", "governor_bravo", _FIRST, lock=_FOUR, dialect=Bravo, plans=FOR_ONLY),
    "oz4_bravo_as_oz": Kind("BravoGovernor", made_of=_FIRST, lock=_FOUR, dialect=Bravo, plans=FOR_ONLY),
    "bravo": Kind("PlainBravo", "governor_bravo", _BRAVO, "PriorVotesToken", _COMPOUND, PlainBravo, FOR_ONLY),
    "aragon_objection": Kind(
        "ObjectionVoting", "lido", (*_ARAGON, OBJECTION_S), dialect=Aragon, plans=OBJECTIONS, clock="timestamp"
    ),
    "aragon_early": Kind("ObjectionVoting", "aragon", (*_ARAGON, 0), dialect=Aragon, plans=ARAGON, clock="timestamp"),
}


class Seat(NamedTuple):
    """A governor that stands, and what its contract said: by proposal and block."""

    kind: Kind
    governor: Contract
    token: Contract
    lock: Contract | None
    dialect: Dialect
    words: dict[str, dict[int, Word]]
    ends: dict[str, int]  # the last block of voting


class Played(NamedTuple):
    """What happened: who is who, the governors, where the proposals stand, and which executions failed."""

    who: dict[str, str]
    seats: dict[str, Seat]
    start: int
    failed: frozenset[str]


async def play(anvil: Anvil) -> Played:
    """Deploy every kind and put the proposals to each."""
    signers = accounts(len(ROLES))
    who = {role: str(signer.address).lower() for role, signer in zip(ROLES, signers, strict=True)}
    target = await anvil.deploy("Target", sender=who["deployer"])
    seats = await _seats(anvil, who)
    await anvil.mine(2)
    start = await anvil.height() + 1
    await _ask(anvil, await _propose(anvil, who, seats, target), start)
    failed: set[str] = set()
    for tick in range(1, LAST + 1):
        voted = await _tick(anvil, who, seats, tick, failed)
        if voted:
            await _ask(anvil, voted, start + tick)
    began_s = anvil.time_s - LAST * BLOCK_S
    for seat in seats.values():
        for name in seat.kind.plans:
            last = await seat.dialect.last(name)
            seat.ends[name] = last if seat.kind.clock == "block" else start + (last - began_s) // BLOCK_S
    return Played(who, seats, start, frozenset(failed))


async def _seats(anvil: Anvil, who: dict[str, str]) -> dict[str, Seat]:
    deployer = who["deployer"]
    tokens = {name: await _token(anvil, who, name) for name in dict.fromkeys(kind.token for kind in KINDS.values())}
    seats = {}
    for key, kind in KINDS.items():
        lock = await _lock(anvil, kind, deployer)
        given = {"name": key, "token": tokens[kind.token].address, "lock": lock.address if lock else ""}
        args = [given[arg] if isinstance(arg, str) else arg for arg in kind.made_of]
        governor = await anvil.deploy(kind.contract, *args, sender=deployer, gas=DEPLOY_GAS)
        await anvil.mine()
        if lock is not None:
            await _hand_over(lock, kind, governor, deployer)
        names = kind.plans
        words: dict[str, dict[int, Word]] = {name: {} for name in names}
        seats[key] = Seat(kind, governor, tokens[kind.token], lock, kind.dialect(governor), words, {})
    return seats


async def _token(anvil: Anvil, who: dict[str, str], name: str) -> Contract:
    """Deploy a token, and give each voter its votes."""
    extended = name == "ExtendedToken"
    named = () if extended else ("Tribes", "TRIBE")
    token = await anvil.deploy(name, *named, SUPPLY * ETHER, sender=who["deployer"], gas=DEPLOY_GAS)
    await anvil.mine()
    lends = {"ivy": ("dan", 20_000), "jan": ("gus", 5_000)} if extended else {}
    lent = dict(lends.values())
    held = {voter: votes - lent.get(voter, 0) for voter, votes in VOTERS.items()}
    held |= {voter: amount for voter, (_, amount) in lends.items()}
    sent = [
        await token.send("transfer", who[voter], votes * ETHER, sender=who["deployer"])
        for voter, votes in held.items()
        if votes
    ]
    await anvil.succeed(*sent)
    chosen = {voter: lends[voter][0] if voter in lends else voter for voter in held}
    await anvil.succeed(*[await token.send("delegate", who[to], sender=who[voter]) for voter, to in chosen.items()])
    return token


async def _lock(anvil: Anvil, kind: Kind, deployer: str) -> Contract | None:
    if not kind.lock:
        return None
    args = (LOCK_S,) if kind.lock == "WaitingLock" else (LOCK_S, [], [NOBODY], deployer)
    return await anvil.deploy(kind.lock, *args, sender=deployer)


async def _hand_over(lock: Contract, kind: Kind, governor: Contract, deployer: str) -> None:
    """Let the governor use its timelock."""
    if kind.lock == "WaitingLock":
        await lock.anvil.succeed(await lock.send("handOver", governor.address, sender=deployer))
        return
    roles = [await lock.call(role) for role in ("PROPOSER_ROLE", "CANCELLER_ROLE")]
    await lock.anvil.succeed(*[await lock.send("grantRole", role, governor.address, sender=deployer) for role in roles])


async def _propose(
    anvil: Anvil, who: dict[str, str], seats: dict[str, Seat], target: Contract
) -> list[tuple[Seat, str]]:
    """Put every plan to every governor in one block, each by a proposer of its own, as Bravo wants it; give those that
    were voted on in it.
    """
    made: list[tuple[Seat, str, str]] = []
    more: list[str] = []
    voted = []
    for seat in seats.values():
        for at, (name, plan) in enumerate(seat.kind.plans.items()):
            function = "failWithText()" if name == "breaks" else "set(uint256)"
            proposer = who[_proposer(seat.kind, name)]
            made.append((seat, name, await seat.dialect.propose(name, target, function, proposer)))
            if name == "gone":
                more.append(await seat.dialect.cancel_at_once(name, proposer))
            for cast in plan.casts:
                if cast.tick == 0:
                    seat.dialect.ids[name] = at
                    more.append(await seat.dialect.vote(name, cast, who[cast.voter]))
                    voted.append((seat, name))
    receipts = await anvil.succeed(*[tx for _, _, tx in made], *more)
    for (seat, name, _), receipt in zip(made, receipts, strict=False):
        (log,) = [each for each in receipt["logs"] if each["address"].lower() == seat.governor.address]
        seat.dialect.found(name, log)
    return voted


def _proposer(kind: Kind, name: str) -> str:
    return list(VOTERS)[list(kind.plans).index(name)]


async def _tick(
    anvil: Anvil, who: dict[str, str], seats: dict[str, Seat], tick: int, failed: set[str]
) -> list[tuple[Seat, str]]:
    """Send and mine one block; give the proposals that were voted on."""
    voted, sent, may_fail = [], [], {}
    for key, seat in seats.items():
        for name, plan in seat.kind.plans.items():
            casts = [cast for cast in plan.casts if cast.tick == tick]
            sent += [await seat.dialect.vote(name, cast, who[cast.voter]) for cast in casts]
            voted += [(seat, name)] if casts else []
        for step, name in _due(seat.kind, tick):
            tx = await seat.dialect.step(step, name, who[_proposer(seat.kind, name)])
            if name == "breaks" and step == "execute":
                may_fail[key] = tx
            else:
                sent.append(tx)
    await anvil.succeed(*sent)
    failed |= {key for key, tx in may_fail.items() if (await anvil.receipt(tx))["status"] == "0x0"}
    return voted


def _due(kind: Kind, tick: int) -> list[tuple[str, str]]:
    """Give the steps that a governor takes at a tick."""
    due = []
    if tick == CANCEL and "withdrawn" in kind.plans:
        due.append(("cancel", "withdrawn"))
    if tick == EARLY and "sweeps" in kind.plans:
        due.append(("execute", "sweeps"))
    if tick == QUEUE and kind.lock:
        due += [("queue", "works"), ("queue", "breaks")]
    if tick == EXECUTE:
        due += [("execute", "works"), ("execute", "breaks")]
    return due


async def _ask(anvil: Anvil, voted: Sequence[tuple[Seat, str]], block: int) -> None:
    """Ask the contracts what they count, and how they would decide were voting over now."""
    counted = [await seat.dialect.counted(name) for seat, name in voted]
    point = await anvil.rpc("evm_snapshot")
    await anvil.rpc("anvil_mine", hex(DELAY + PERIOD + EXTENSION + 2), hex(BLOCK_S))
    passes = [await seat.dialect.passes(name) for seat, name in voted]
    if not await anvil.rpc("evm_revert", point):
        raise RuntimeError("the fork point is gone")
    for (seat, name), (counts, is_quorum), passed in zip(voted, counted, passes, strict=True):
        seat.words[name][block] = Word(counts, passed, is_quorum)
