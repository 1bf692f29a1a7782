"""What a node gives us, typed and otherwise untouched: `Log`, `Header`, `Block`.

Units: quantities stay the hex strings of JSON-RPC until somebody needs the number.
Source: ethereum/execution-apis, schemas `Log` and `Block`.
"""

import msgspec


class Log(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One log as `eth_getLogs` or a receipt holds it. Hex is lower case as nodes send it."""

    address: str
    topics: tuple[str, ...]
    data: str
    block_number: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    block_hash: str
    removed: bool = False
    block_timestamp: str | int | None = None

    @property
    def block(self) -> int:
        """The block's number."""
        return int(self.block_number, 16)

    @property
    def index(self) -> int:
        """Position of the log in its block."""
        return int(self.log_index, 16)

    @property
    def tx_index(self) -> int:
        """Position of the transaction in its block."""
        return int(self.transaction_index, 16)


class Header(msgspec.Struct, frozen=True, rename="camel"):
    """The fields of a block header that we stand on; `hash` and `parentHash` chain, `logsBloom` bounds the logs."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    receipts_root: str = ""
    l1_block_number: str | None = None

    @property
    def height(self) -> int:
        """The block's number."""
        return int(self.number, 16)

    @property
    def time_s(self) -> int:
        """Seconds since 1970."""
        return int(self.timestamp, 16)


class Cursor(msgspec.Struct, frozen=True):
    """Where a chain has been read to: the last block whose alerts are committed. Written `number:hash`."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read `number:hash` back."""
        number, _, block_hash = text.partition(":")
        return cls(int(number), block_hash)


class Block(msgspec.Struct, frozen=True):
    """A verified block: its header and those of its logs that our filter asks for, in order."""

    header: Header
    logs: tuple[Log, ...]

    @property
    def cursor(self) -> Cursor:
        """The cursor that stands on this block."""
        return Cursor(self.header.height, self.header.hash)
