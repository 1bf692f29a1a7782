"""What the settings speak of: a chain, a DAO, a token, a label, a watch, and the process itself. Pure.

Whoever is outside this package imports them from `config.settings`.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from eth_utils.address import is_checksum_formatted_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo
from yarl import URL

HERE = Path(__file__).parent


def _address(text: str) -> str:
    """Accept a checksummed or an all-lower-case address; keep it in lower case, as nodes write it."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise ValueError("is not an address; write 0x and 40 hex digits in quotes")
    if is_checksum_formatted_address(text) and to_checksum_address(text) != text:
        raise ValueError(f"wrong checksum; if the address is right, write {to_checksum_address(text)}")
    return text.lower()


def _key(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", text):
        raise ValueError("is not a name; write at most 40 small letters, digits, - and _, a letter or a digit first")
    return text


def http_url(text: str) -> str:
    """Accept what can be sent a request. Raises ValueError, which does not quote it: it may hold a key."""
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or re.search(r"\s", text):
        raise ValueError("is not an http(s) URL; write https://host/path")
    return text


def _token(secret: SecretStr) -> SecretStr:
    """Refuse what no token can hold, so that a paste gone wrong is said before Discord is asked."""
    if not re.fullmatch(r"[\w.-]+", secret.get_secret_value(), re.ASCII):
        raise ValueError("holds a sign that no token has; copy the token alone from the Developer Portal, page Bot")
    return secret


def _redis_url(secret: SecretStr) -> SecretStr:
    text, well = secret.get_secret_value(), False
    try:
        parts = urlsplit(text)
        port = parts.port  # read for its check
    except ValueError:
        pass
    else:
        at_host = parts.scheme in ("redis", "rediss") and re.fullmatch(r"(/\d*)?", parts.path) is not None
        well = port != 0 and (at_host or (parts.scheme == "unix" and len(parts.path) > 1))
    if not well:
        raise ValueError("is not a Redis URL; write redis://host:6379/0, rediss://host:6379/0 or unix:///path")
    return secret


def _proposal_url(text: str) -> str:
    if text and "{id}" not in http_url(text):
        raise ValueError("names no proposal; write {id} where its number goes")
    return text


def _holders(holders: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it so
    if holders and not info.data.get("token"):
        raise ValueError("has no token to keep the holders of; name the DAO's token")
    return holders


Address = Annotated[str, AfterValidator(_address)]
Key = Annotated[str, AfterValidator(_key)]
Name = Annotated[str, Field(min_length=1)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


class Strict(BaseModel):
    """An unknown key is an error, and nothing changes after load."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Chain(Strict):
    """One `[chain]` of chains.toml. `finality`: the node's tag, or `depth` for `confirmations` blocks. `hub`: no chain,
    but a place where votes are signed, read over GraphQL each `block_time_s`; its block is the second of a reading.
    """

    key: Key
    id: int = Field(gt=0, lt=2**63)
    name: Name
    native: Name
    explorer: Annotated[str, AfterValidator(http_url)] = "https://example.invalid"
    endpoints: tuple[SecretStr, ...] = Field(min_length=1)
    block_time_s: float = Field(gt=0, allow_inf_nan=False)
    confirmations: int = Field(ge=1)
    finality: Literal["finalized", "safe", "depth"] = "finalized"
    proof: Literal["bloom", "logs", "receipts"] = "bloom"
    enabled: bool = True
    max_range: int = Field(default=2000, ge=1)
    requests_per_s: float = Field(default=10, gt=0, allow_inf_nan=False)
    sequencer_feed: Address | None = None
    hub: bool = False

    def tx_url(self, tx: str) -> str:
        """Link a transaction in the chain's explorer; a hub has none."""
        return "" if self.hub else f"{self.explorer.rstrip('/')}/tx/{tx}"

    def address_url(self, address: str) -> str:
        """Link an address in the chain's explorer, or a voter in the hub's."""
        return f"{self.explorer.rstrip('/')}/{'#/profile' if self.hub else 'address'}/{address}"


class Dao(Strict):
    """One `[dao]` of daos.toml. `clock` is what the governor counts in; `quorum` names what counts toward it. Without
    a `token` the supply is not asked, and weight is drawn as votes. `token_start_block` is a block at or before the
    token's first: without it no book of delegates is kept. `holders`: keep who holds the token, by its Transfers.
    `space`: it votes in this space of a hub, and `governor` is a name made of the space's.
    """

    key: Key
    name: Name
    chain: Key
    protocol: str
    governor: Address
    token: Address | Literal[""] = ""
    symbol: Name = "votes"
    decimals: int = Field(default=18, ge=0, le=36)
    clock: Literal["block", "timestamp", "l1_block"] = "block"
    quorum: Literal["", "for", "for,abstain", "against,for,abstain"] = ""
    start_block: int = Field(default=0, ge=0)
    token_start_block: int | None = Field(default=None, ge=0)
    timelock: Address | None = None
    treasury: Address | None = None
    proposal_url: Annotated[str, AfterValidator(_proposal_url)] = ""
    aliases: tuple[str, ...] = ()
    holders: Annotated[bool, AfterValidator(_holders)] = False
    space: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Everything that it is called, in lower case."""
        return frozenset(map(str.casefold, (self.key, self.name, *self.aliases)))

    def proposal_link(self, proposal_id: int) -> str:
        """Link a proposal; a hub names its own by 32 bytes."""
        return self.proposal_url.replace("{id}", f"0x{proposal_id:064x}" if self.space else str(proposal_id))


class TokenDef(Strict):
    """One `[[token]]` of tokens.toml. `feed` is a Chainlink proxy quoting the token in USD. `holders`: keep who holds
    it, by its Transfers.
    """

    chain: Key
    address: Address
    symbol: Name
    decimals: int = Field(ge=0, le=36)
    feed: Address | None = None
    feed_heartbeat_s: int = Field(default=86_400, gt=0)
    stable: bool = False
    holders: bool = False


class Label(Strict):
    """One `[[label]]` of labels.toml: who an address is, of what class, and who says so. A contract that has one is
    believed when it says what an insider did, on its chain. `fee_to`: a contract that does not say when its fee switch
    is thrown; it is asked `feeTo()`.
    """

    address: Address
    name: Name
    kind: Literal[
        "investor", "team", "advisor", "foundation", "treasury", "vesting", "airdrop", "escrow", "exchange",
        "delegate", "protocol", "pool", "bridge", "staking", "unknown",
    ] = "unknown"  # fmt: skip
    chain: Key | None = None
    owner: str = ""
    source: str
    fee_to: bool = False


class VoteWatch(Strict):
    """A vote worth saying: a share of the quorum, or any vote that crosses the quorum or flips the outcome. A queued
    proposal is tried once more `try_again_h` before it can run; 0: it is not.
    """

    kind: Literal["vote"]
    name: Key
    chain: Key | Literal["*"] = "*"
    dao: Key | Literal["*"] = "*"
    min_share_of_quorum: Share = Decimal("0.05")
    min_tokens: Decimal = Field(default=Decimal(0), ge=0)
    gained_within_h: int = Field(default=24, ge=0, le=24 * 365)
    consequences: bool = True
    proposals: bool = True
    try_again_h: int = Field(default=1, ge=0, le=24 * 30)


class LiquidityWatch(Strict):
    """A move worth saying: at least `min_usd`, or, where no price can be defended, `min_share_of_pool`."""

    kind: Literal["liquidity"]
    name: Key
    chain: Key | Literal["*"] = "*"
    protocol: str = "*"
    pools: tuple[Address, ...] = ()
    actions: tuple[
        Literal["add", "remove", "collect", "swap", "supply", "withdraw", "borrow", "repay", "liquidation"], ...
    ] = ("add", "remove")
    min_usd: Decimal = Field(default=Decimal(1_000_000), ge=0)
    min_share_of_pool: Share = Decimal("0.10")


class BatchWatch(Strict):
    """A batch worth saying: by default every bundle that succeeded while an operation in it failed, and, with
    `executions`, whatever a Safe, timelock or governor does that these files name.
    """

    kind: Literal["batch"]
    name: Key
    chain: Key | Literal["*"] = "*"
    protocol: str = "*"
    senders: tuple[Address, ...] = ()
    paymasters: tuple[Address, ...] = ()
    failed_only: bool = True
    executions: bool = True


ActName = Literal[
    "release", "claim", "stream", "stream_cancelled", "outflow", "delegation",
    "upgrade", "admin_changed", "owner_changed", "owner_nominated",
    "role_granted", "role_revoked", "role_admin_changed",
    "fee_switch", "quorum_changed", "threshold_changed", "delay_changed", "period_changed",
    "paused", "unpaused", "frozen", "unfrozen", "destroyed", "council_changed", "module_changed", "sequencer_changed",
    "lock", "free", "approval", "lift", "flash_lift", "gauge_vote", "gauge_changed",
    "queued", "executed", "cancelled",
]  # fmt: skip
ACTS: tuple[ActName, ...] = get_args(ActName)
TIMELOCK_STEPS: tuple[ActName, ...] = ("queued", "executed", "cancelled")


class ActWatch(Strict):
    """An insider's act worth saying: one that moves money from `min_usd` or `min_share_of_supply` on, one that moves
    approval from `min_share_of_hat` of the hat's on, and every one that changes who is in charge or how. What leaves a
    treasury and has no price that can be defended counts from `min_share_of_treasury` of what it held of it on, too. A
    timelock's steps are left out unless `acts` names them.
    """

    kind: Literal["act"]
    name: Key
    chain: Key | Literal["*"] = "*"
    dao: Key | Literal["*"] = "*"
    protocol: str = "*"
    acts: tuple[ActName, ...] = tuple(act for act in ACTS if act not in TIMELOCK_STEPS)
    min_usd: Decimal = Field(default=Decimal(1_000_000), ge=0)
    min_share_of_supply: Share = Decimal("0.001")
    min_share_of_hat: Share = Decimal("0.05")
    min_share_of_treasury: Share = Decimal("0.10")


class ReminderWatch(Strict):
    """Reminders of votes, `hours` before they end; each names the `delegates` largest who have not voted, 0: nobody."""

    kind: Literal["reminder"]
    name: Key
    chain: Key | Literal["*"] = "*"
    dao: Key | Literal["*"] = "*"
    hours: tuple[Annotated[int, Field(ge=1, le=24 * 30)], ...] = Field(
        default=(24, 3), min_length=1, max_length=8, description="write one to eight whole hours, as in [24, 3]"
    )
    delegates: int = Field(default=10, ge=0, le=20)


Watch = Annotated[VoteWatch | LiquidityWatch | BatchWatch | ActWatch | ReminderWatch, Field(discriminator="kind")]


_CHANNEL = (  # a field's description is the remedy that a complaint about it names
    "write the channel's id: in Discord turn on developer mode (Settings, Advanced), right-click the channel, "
    "Copy Channel ID"
)


class Runtime(Strict):
    """The environment, `.env` included; a variable of the process beats the file."""

    discord_token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    data_dir: Path = Path("data")
    config_dir: Path = HERE
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8090, ge=0, le=65535)
    operator_channel: int | None = Field(default=None, gt=0, lt=2**64, description=_CHANNEL)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    history_h: int = Field(default=24, ge=0, le=24 * 30)
    retention_d: int = Field(default=90, ge=1, le=36_500)
    digest_hour: int = Field(default=8, ge=0, le=23)
    sourcify_url: Annotated[str, AfterValidator(http_url)] | None = None
