"""Batches of rollups, on the chain below: what was posted, proven, carried out or taken back, and messages relayed.

Another meaning of the word: each is one step of a rollup's operation, and holds no calls. The contract's own event is
the word on it, and `sender` the contract that gave it. That a batch or a claim was accepted here says nothing of
whether it is right. A batch of an OP Stack chain has no event: it is a transaction to an address where nobody is, and
what becomes of it is decided off this chain.

Source: OffchainLabs/nitro-contracts `ISequencerInbox`, `IRollupCore`; matter-labs/era-contracts `IExecutor`;
ethereum-optimism/optimism `DisputeGameFactory`, `OptimismPortal`, `CrossDomainMessenger`; OP Stack specification,
"Batch submission" for the inbox.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from watchers.batches.container import Book, Container, Kind
from watchers.batches.events import Outcome
from watchers.chain.block import Log

NAME = "rollup"
_INBOX = re.compile(r"0xff0{16,}[1-9][0-9]*")  # the chain's id in decimal digits, after 0xff and zeros
_WORD = 64  # hex digits


class _Signal(NamedTuple):
    """An event: the step that it tells of, how many words it has, which of them names the step (None: no one does), and
    how it ended.
    """

    kind: str
    words: int
    names: int | None = 0
    number: bool = True
    ends: Outcome = "success"
    flag: int | None = None  # the word that says whether it succeeded
    reason: str = ""


_SIGNALS: dict[str, _Signal] = {
    # SequencerBatchDelivered
    "0x7394f4a19a13c7b92b5bb71033245305946ef78452f7b4986ac1390b5df4ebd7": _Signal("arbitrum_batch", 10),
    # AssertionConfirmed, NodeConfirmed
    "0xfc42829b29c259a7370ab56c8f69fce23b5f351a9ce151da453281993ec0090c": _Signal("arbitrum_claim", 3, number=False),
    "0x22ef0479a7ff660660d1c2fe35f1b632cf31675c2d9378db8cec95b00d8ffa3c": _Signal("arbitrum_claim", 3),
    # BlockCommit, BlocksVerification, BlockExecution, BlocksRevert
    "0x8f2916b2f2d78cc5890ead36c06c0f6d5d112c7e103589947e8e2f0d6eddb763": _Signal("zksync_commit", 3),
    "0x22c9005dd88c18b552a1cd7e8b3b937fcde9ca69213c1f658f54d572e4877a81": _Signal("zksync_proof", 2, names=1),
    "0x2402307311a4d6604e4e7b4c8a15a7e1213edb39c16a31efa70afb06030d3165": _Signal("zksync_execution", 3),
    "0x8bd4b15ea7d1bc41ea9abc3fc487ccb89cd678a00786584714faa9d751c84ee5": _Signal(
        "zksync_revert", 3, names=None, ends="reverted", reason="BlocksRevert"
    ),
    # OutputProposed, DisputeGameCreated
    "0xa7aaf2512769da4e444e3de247be2564225c2e7a8f74cfe528e46e17d24868e2": _Signal("op_claim", 4, names=1),
    "0x5b565efe82411da98814f356d0e7bcb8f0219b8d970307c5afb4a6903a8b2e35": _Signal("op_claim", 3, 2, number=False),
    # RelayedMessage, FailedRelayedMessage, WithdrawalFinalized
    "0x4641df4a962071e12719d8c8c8e5ac7fc4d97b927346a3d7a335b1f7517e133c": _Signal("op_message", 1, number=False),
    "0x99d0e048484baa1b1540b1367cb128acd7ab2946d1ed91ec10e3c85e4bf51b8f": _Signal(
        "op_message", 1, number=False, ends="reverted"
    ),
    "0xdb5c7652857aa163daadd670e116628fb42e869d8ac4251ef8971d9e5727df1b": _Signal(
        "op_withdrawal", 2, number=False, flag=1
    ),
}

_ENDS: dict[int, Outcome] = {0: "reverted", 1: "success"}


def _left(book: Book) -> list[Container]:
    """Tell each step by its event; a failed transaction leaves none."""
    if book.reverted:
        return []
    found = []
    for log in book.logs(_SIGNALS):
        words = _words(log)
        signal = _SIGNALS[log.topics[0]]
        if len(words) != signal.words:
            continue  # another contract's event of the same name
        book.take(log)
        found.append(_step(log, signal, words))
    return found


def _words(log: Log) -> list[str]:
    """Give the words of an event of static types alone, indexed or not; what is no whole word makes it none."""
    data = log.data[2:]
    if len(data) % _WORD:
        return []
    return [*(topic[2:] for topic in log.topics[1:]), *(data[at : at + _WORD] for at in range(0, len(data), _WORD))]


def _step(log: Log, signal: _Signal, words: Sequence[str]) -> Container:
    outcome = signal.ends if signal.flag is None else _ENDS.get(int(words[signal.flag], 16), "unknown")
    given = ",".join(str(int(word, 16)) for word in words)
    return Container(
        kind=signal.kind,
        id=_name(log, signal, words),
        sender=log.address,
        success=None if outcome == "unknown" else outcome == "success",
        outcome=outcome,
        reason=f"{signal.reason}({given})" if signal.reason else "",
    )


def _name(log: Log, signal: _Signal, words: Sequence[str]) -> str:
    if signal.names is None:
        return log.transaction_hash
    word = words[signal.names]
    return str(int(word, 16)) if signal.number else "0x" + word


def _alone(book: Book, reason: str) -> Container | None:
    """Tell what was sent to the inbox of an OP Stack chain: that it is there, if it is."""
    sent = book.sent
    if not _INBOX.fullmatch(sent.to):
        return None
    return Container(
        kind="op_batch",
        id=sent.hash,
        sender=sent.sender,
        success=False if book.reverted else None,
        outcome="reverted" if book.reverted else "unknown",
        reason=reason,
    )


kind = Kind(NAME, left=_left, alone=_alone)
