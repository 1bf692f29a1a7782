"""Every `eth_call` that a watcher may ask of the recorded chain: a superset by contract, selector and argument.

What a run against the replay asked in vain (`Chain.unanswered`) goes into EXTRA as (address, calldata).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.evm.world import FEE, World

Question = tuple[str, str]

GETTERS = (
    *("name()", "symbol()", "decimals()", "totalSupply()", "version()", "owner()", "description()"),
    *("token0()", "token1()", "fee()", "factory()", "tickSpacing()", "getReserves()", "slot0()", "liquidity()"),
    *("latestRoundData()", "aggregator()", "COUNTING_MODE()", "CLOCK_MODE()", "clock()", "quorumVotes()"),
    *("votingDelay()", "votingPeriod()", "proposalThreshold()", "quorumNumerator()", "quorumDenominator()"),
    *("timelock()", "token()", "comp()", "proposalCount()", "initialProposalId()", "implementation()"),
    *("lateQuorumVoteExtension()", "getMinDelay()", "entryPoint()", "getNonce()", "stable()", "poolId()"),
)
OF_PROPOSAL = (
    *("state(uint256)", "proposalSnapshot(uint256)", "proposalDeadline(uint256)", "proposalEta(uint256)"),
    *("proposalVotes(uint256)", "proposalProposer(uint256)", "proposals(uint256)"),
    *("proposalNeedsQueuing(uint256)", "proposalType(uint256)"),
)
PROPOSAL_CREATED = (
    "0x"
    + keccak(text="ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)").hex()
)
EXTRA: tuple[Question, ...] = ()


class Questions:
    """The questions so far; a proposal adds its own once it is created."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._asked = dict.fromkeys([*_of_everything(world), *_of_balances(world), *EXTRA])
        self._proposals: dict[Question, str] = {}

    def all(self) -> tuple[Question, ...]:
        """Give every question, each once."""
        return tuple(self._asked)

    def learn(self, logs: Iterable[dict[str, Any]]) -> None:
        """Find created proposals."""
        for log in logs:
            if log["topics"] and log["topics"][0] == PROPOSAL_CREATED:
                governor, proposal_id = log["address"], int(log["data"][2:66], 16)
                for signature in OF_PROPOSAL:
                    self._add((governor, call(signature, proposal_id)))
                self._proposals[governor, call("proposalSnapshot(uint256)", proposal_id)] = governor

    def heard(self, question: Question, answer: Any) -> None:
        """Learn a proposal's snapshot from an answer, and ask what was true then."""
        governor = self._proposals.get(question)
        if governor is None or not isinstance(answer, str) or len(answer) <= 2:
            return
        snapshot = int(answer, 16)
        if snapshot:
            token = self._world.token.address
            self._add((governor, call("quorum(uint256)", snapshot)))
            self._add((governor, call("superQuorum(uint256)", snapshot)))
            self._add((token, call("getPastTotalSupply(uint256)", snapshot)))
            for holder in self._world.who.values():
                self._add((token, call("getPastVotes(address,uint256)", holder, snapshot)))
                self._add((governor, call("getVotes(address,uint256)", holder, snapshot)))

    def _add(self, question: Question) -> None:
        self._asked.setdefault(question)


def call(signature: str, *args: Any) -> str:
    """Encode a call of a canonical signature."""
    types = [kind for kind in signature[signature.index("(") + 1 : -1].split(",") if kind]
    return "0x" + (keccak(text=signature)[:4] + encode(types, args)).hex()


def _of_everything(world: World) -> Iterator[Question]:
    for contract in world.contracts().values():
        for signature in GETTERS:
            yield contract.address, call(signature)


def _of_balances(world: World) -> Iterator[Question]:
    usdc, weth = world.usdc.address, world.weth.address
    places = [world.pair.address, world.pool.address, world.timelock.address, *world.who.values()]
    places += [account.address for group in world.smart_accounts.values() for account in group]
    for token in (usdc, weth, world.pair.address):
        for place in places:
            yield token, call("balanceOf(address)", place)
    for holder in world.who.values():
        for signature in ("balanceOf(address)", "getVotes(address)", "delegates(address)"):
            yield world.token.address, call(signature, holder)
    for place in (world.distributor.address, world.timelock.address, "0x" + "0" * 40):
        yield world.token.address, call("balanceOf(address)", place)
    for one, other in ((usdc, weth), (weth, usdc)):
        yield world.v2_factory.address, call("getPair(address,address)", one, other)
        yield world.v3_factory.address, call("getPool(address,address,uint24)", one, other, FEE)
    for version, entry_point in world.entry_points.items():
        for account in world.smart_accounts[version]:
            yield entry_point.address, call("balanceOf(address)", account.address)
            yield entry_point.address, call("getNonce(address,uint192)", account.address, 0)
