"""A proposal's actions, decoded: what each calls, with what, and what is risky about it at a glance. Pure.

A governor of Compound's kind keeps selector and arguments apart: what is called is then the signature's selector and
the calldata after it. A function is named from the signatures that are known here, else by the proposer's own, from
which its selector is made, else by its selector.

Source: Compound `Timelock.sol` (`executeTransaction`); OpenZeppelin `AccessControl.sol`, `Governor.sol`,
`TimelockController.sol`; Uniswap `UniswapV2Factory.sol`, `UniswapV3Pool.sol`; EIP-1967.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from watchers.abi import decode_words, selector
from watchers.errors import DecodeError
from watchers.governance.events import ProposalChange
from watchers.proposed import Action, Risk
from watchers.signatures import KNOWN, MAX_TEXT, shown, types_of

MAX_ACTIONS = 100
MAX_DATA = 200_000  # characters of calldata, of all actions together
_SELECTOR = 10  # characters of 0x and four bytes

_RISKY: dict[Risk, tuple[str, ...]] = {
    "moves funds": (
        "transfer(address,uint256)",
        "transferFrom(address,address,uint256)",
        "safeTransferFrom(address,address,uint256)",
        "safeTransferFrom(address,address,uint256,bytes)",
        "safeTransferFrom(address,address,uint256,uint256,bytes)",
        "_grantComp(address,uint256)",
        "_reduceReserves(uint256)",
        "collectProtocol(address,uint128,uint128)",
        "withdraw(address,uint256,address)",
        "sendERC20(address,address,uint256)",
        "sendETH(address,uint256)",
    ),
    "allows spending": (
        "approve(address,uint256)",
        "increaseAllowance(address,uint256)",
        "setApprovalForAll(address,bool)",
        "approve(address,address,uint160,uint48)",
    ),
    "replaces code": (
        "upgradeTo(address)",
        "upgradeToAndCall(address,bytes)",
        "upgrade(address,address)",
        "upgradeAndCall(address,address,bytes)",
        "_setImplementation(address)",
        "_setImplementation(address,bool,bytes)",
        "setImplementation(address)",
        "_setPendingImplementation(address)",
        "changeProxyAdmin(address,address)",
        "changeAdmin(address)",
        "diamondCut((address,uint8,bytes4[])[],address,bytes)",
    ),
    "changes roles": (
        "grantRole(bytes32,address)",
        "revokeRole(bytes32,address)",
        "renounceRole(bytes32,address)",
        "grantRole(uint64,address,uint32)",
        "revokeRole(uint64,address)",
        "setRoleAdmin(bytes32,bytes32)",
        "enableModule(address)",
        "addOwnerWithThreshold(address,uint256)",
    ),
    "changes the owner": (
        "transferOwnership(address)",
        "acceptOwnership()",
        "renounceOwnership()",
        "setOwner(address)",
        "setAdmin(address)",
        "acceptAdmin()",
        "setPendingAdmin(address)",
        "_setPendingAdmin(address)",
        "_acceptAdmin()",
        "updateTimelock(address)",
    ),
    "changes fees": (
        "setFeeTo(address)",
        "setFeeToSetter(address)",
        "setFeeProtocol(uint8,uint8)",
        "setProtocolFee(uint256)",
        "setProtocolFeeController(address)",
        "enableFeeAmount(uint24,int24)",
        "_setReserveFactor(uint256)",
        "setFee(uint256)",
        "setFeeRecipient(address)",
    ),
    "changes the delay": ("setDelay(uint256)", "updateDelay(uint256)"),
    "changes the voting rules": (
        "setVotingDelay(uint256)",
        "setVotingDelay(uint48)",
        "setVotingPeriod(uint256)",
        "setVotingPeriod(uint32)",
        "setProposalThreshold(uint256)",
        "setQuorum(uint256)",
        "updateQuorumNumerator(uint256)",
        "_setVotingDelay(uint256)",
        "_setVotingPeriod(uint256)",
        "_setProposalThreshold(uint256)",
        "_setDynamicQuorumParams(uint16,uint16,uint32)",
        "_setQuorumVotesBPS(uint256)",
        "setLateQuorumVoteExtension(uint48)",
    ),
    "makes tokens": ("mint(address,uint256)", "mint(uint256)", "setMinter(address)", "addMinter(address)"),
}
_HARMLESS = (
    "pause()",
    "unpause()",
    "deposit()",
    "setText(bytes32,string,string)",
    "setSubnodeRecord(bytes32,bytes32,address,address,uint64)",
    "setAddr(bytes32,address)",
    "_supportMarket(address)",
    "_setCollateralFactor(address,uint256)",
    "_setInterestRateModel(address)",
    "setCompSpeed(address,uint256)",
    "createRetryableTicket(address,uint256,uint256,address,address,uint256,uint256,bytes)",
    "sendMessage(address,bytes,uint32)",
    "sendMessageToChild(address,bytes)",
)
_RISKS = {selector(signature): risk for risk, known in _RISKY.items() for signature in known}
NAMES = KNOWN.with_more((*(s for known in _RISKY.values() for s in known), *_HARMLESS), ())
"""What is known of functions here and everywhere."""

_BY_NAME: tuple[tuple[str, Risk], ...] = (  # of functions that nobody here knows but by the proposer's signature
    ("setfee", "changes fees"),
    ("setvoting", "changes the voting rules"),
    ("setquorum", "changes the voting rules"),
    ("upgrade", "replaces code"),
    ("mint", "makes tokens"),
)

_BITS = [str(8 * n) for n in range(1, 33)]
_PLAIN = frozenset(
    ["address", "bool", "string", "bytes"]
    + [f"{kind}{n}" for kind in ("int", "uint") for n in _BITS]
    + [f"bytes{n}" for n in range(1, 33)]
)
MAX_REPEATED = 3
DESCRIBED = frozenset({"governor_alpha", "governor_bravo", "nouns", "oz_governor"})  # an empty description is one
_LINK = re.compile(r"(?:[a-z]+:/*)?[\w./?=&%#-]{20,}", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z_$][\w$]{0,63}\([\w,\[\]]{0,256}\)", re.ASCII)


class Planned(NamedTuple):
    """One action as a timelock makes it: `signature` is the proposer's own word for it, "" where it gave none."""

    target: str
    value_wei: int
    data: str
    signature: str = ""


def bounded(change: ProposalChange) -> ProposalChange:
    """Keep the actions that fit the bounds, from the first on, and count those that do not."""
    told = len(change.targets)
    if not told and sum(map(len, change.calldatas)) > MAX_DATA:  # a payload of the governor's own kind
        return msgspec.structs.replace(change, calldatas=(), left_out=len(change.calldatas))
    rows = list(zip(change.targets, change.values_wei, change.calldatas, strict=False))[:MAX_ACTIONS]
    signatures = change.signatures[:MAX_ACTIONS] if len(change.signatures) >= len(rows) else ()
    size, kept = 0, 0
    for at, (_, _, data) in enumerate(rows):
        size += len(data) + (len(signatures[at]) if signatures else 0)
        if size > MAX_DATA:
            break
        kept += 1
    if kept == told or not told:
        return change
    return msgspec.structs.replace(
        change,
        targets=change.targets[:kept],
        values_wei=change.values_wei[:kept],
        signatures=signatures[:kept],
        calldatas=change.calldatas[:kept],
        left_out=told - kept,
    )


def planned(created: ProposalChange) -> list[Planned]:
    """Give the calls that a proposal's creation tells."""
    signatures = created.signatures or ("",) * len(created.targets)
    rows = zip(created.targets, created.values_wei, signatures, created.calldatas, strict=False)
    return [Planned(target, value, _joined(signature, data), signature) for target, value, signature, data in rows]


def _joined(signature: str, data: str) -> str:
    return selector(signature) + data.removeprefix("0x") if signature else data


def actions(created: ProposalChange | None) -> tuple[Action, ...]:
    """Decode every action of a creation; none when it is not at hand."""
    if created is None:
        return ()
    return tuple(_action(at, call) for at, call in enumerate(planned(created)))


def repeated(created: ProposalChange | None) -> tuple[tuple[str, int], ...]:
    """Give the targets that several actions call, and how many do, the most called first."""
    many = Counter(created.targets if created is not None else ())
    return tuple((target, times) for target, times in many.most_common(MAX_REPEATED) if times > 1)


def text_chars(created: ProposalChange | None) -> int | None:
    """Tell how long a description is; None where the text stands elsewhere, and only a link to it is told."""
    if created is None or not created.targets:
        return None
    text = created.description.strip()
    if _LINK.fullmatch(text) or (not text and created.protocol not in DESCRIBED):
        return None
    return len(text)


def _action(at: int, call: Planned) -> Action:
    name, types = _meaning(call)
    return Action(
        index=at,
        target=call.target,
        function=name[:MAX_TEXT],
        value_wei=call.value_wei,
        arguments=_arguments(types, call.data) if types is not None else None,
        risks=tuple(_risks(call)),
    )


def _meaning(call: Planned) -> tuple[str, tuple[str, ...] | None]:
    """Name the function and the types of its arguments; None where these are not known."""
    known = NAMES.functions.get(call.data[:_SELECTOR])
    if known is not None:
        return known, types_of(known)
    if len(call.data) <= len("0x"):
        return "", ()
    if not call.signature:
        return call.data[:_SELECTOR], None
    if not _SIGNATURE.fullmatch(call.signature):
        return call.signature, None
    inner = call.signature[call.signature.index("(") + 1 : -1]
    types = tuple(inner.split(",")) if inner else ()
    return call.signature, types if all(kind.removesuffix("[]") in _PLAIN for kind in types) else None


def _arguments(types: Sequence[str], data: str) -> tuple[str, ...] | None:
    try:
        values = decode_words(tuple(types), bytes.fromhex(data[_SELECTOR:])) if types else ()
    except (DecodeError, ValueError):
        return None
    return shown(values)


def _risks(call: Planned) -> Iterator[Risk]:
    known = _RISKS.get(call.data[:_SELECTOR])
    if known is None:
        name = call.signature.lstrip("_").lower()
        known = next((risk for start, risk in _BY_NAME if name.startswith(start)), None)
    if known is not None:
        yield known
    if call.value_wei > 0:
        yield "sends coins"
