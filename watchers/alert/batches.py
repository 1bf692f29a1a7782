"""A batch, container by container and call by call. Units and text are those of `watchers.alert`."""

from typing import Literal

import msgspec


class CallFacts(msgspec.Struct, frozen=True):
    """One call of a batch as a card tells it. `arguments` None: they could not be read, or were not kept. `swallowed`:
    how many calls inside it failed without failing it.
    """

    index: int
    target: str
    function: str
    value_wei: int
    outcome: str
    reason: str
    arguments: tuple[str, ...] | None = None
    swallowed: int = 0


class OperationFacts(msgspec.Struct, frozen=True):
    """One container of a batch: a user operation of a bundle, or another `kind`. `success` None: it is not known.
    `depth`: how many containers are around it. `traced`: its calls were seen in the call tree.
    """

    id: str
    sender: str
    paymaster: str
    success: bool | None
    outcome: str
    reason: str
    calls: tuple[CallFacts, ...]
    gas_cost_wei: int
    kind: str = "entrypoint"
    depth: int = 0
    traced: bool = False


class BatchFacts(msgspec.Struct, frozen=True, tag="batch"):
    """A batch and what became of each container in it, the operations of a bundle among them. `bundle_status` is the
    receipt's, None when it was not read.
    """

    container: str
    version: str
    bundle_status: int | None
    operations: tuple[OperationFacts, ...]
    evidence: Literal["trace", "logs", "none"]
    bundler: str = ""
