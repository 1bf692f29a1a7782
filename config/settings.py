"""Everything the operator decides, read once: five TOML files and the environment. The only reader of `os.environ`.

Errors: SettingsError for what the operator must mend (file, key, remedy; status 78); DefinitionError is not raised
here, since every file is the operator's to edit. Secrets are `SecretStr` and `env:NAME` in the files; their values
never appear in an error.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from dotenv import dotenv_values
from eth_utils.address import is_checksum_formatted_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from config.errors import SettingsError

HERE = Path(__file__).parent
M = TypeVar("M", bound=BaseModel)


def _address(text: str) -> str:
    """Accept a checksummed or an all-lower-case address; keep it in lower case, as nodes write it."""
    if not re.fullmatch(r"0x[0-9a-fA-F]{40}", text):
        raise ValueError("not an address; write 0x and 40 hex digits in quotes")
    if is_checksum_formatted_address(text) and to_checksum_address(text) != text:
        raise ValueError(f"wrong checksum; if the address is right, write {to_checksum_address(text)}")
    return text.lower()


Address = Annotated[str, AfterValidator(_address)]
Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


class _Strict(BaseModel):
    """An unknown key is an error, and nothing changes after load."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Chain(_Strict):
    """One `[chain]` of chains.toml. `finality`: the node's tag, or `depth` for `confirmations` blocks."""

    key: Key
    id: int = Field(gt=0)
    name: str
    native: str
    explorer: str = Field(pattern=r"^https?://", default="https://example.invalid")
    endpoints: tuple[SecretStr, ...] = Field(min_length=1)
    block_time_s: float = Field(gt=0)
    confirmations: int = Field(ge=1)
    finality: Literal["finalized", "safe", "depth"] = "finalized"
    proof: Literal["bloom", "logs", "receipts"] = "bloom"
    enabled: bool = True
    max_range: int = Field(default=2000, ge=1)
    requests_per_s: float = Field(default=10, gt=0)
    sequencer_feed: Address | None = None

    def tx_url(self, tx: str) -> str:
        """Link a transaction in the chain's explorer."""
        return f"{self.explorer.rstrip('/')}/tx/{tx}"

    def address_url(self, address: str) -> str:
        """Link an address in the chain's explorer."""
        return f"{self.explorer.rstrip('/')}/address/{address}"


class Dao(_Strict):
    """One `[dao]` of daos.toml. `clock` is what the governor counts in; `quorum` names what counts toward it."""

    key: Key
    name: str
    chain: Key
    protocol: str
    governor: Address
    token: Address
    symbol: str
    decimals: int = Field(default=18, ge=0, le=36)
    clock: Literal["block", "timestamp", "l1_block"] = "block"
    quorum: Literal["", "for", "for,abstain", "against,for,abstain"] = ""
    start_block: int = Field(default=0, ge=0)
    timelock: Address | None = None
    proposal_url: str = ""
    aliases: tuple[str, ...] = ()


class TokenDef(_Strict):
    """One `[[token]]` of tokens.toml. `feed` is a Chainlink proxy quoting the token in USD."""

    chain: Key
    address: Address
    symbol: str
    decimals: int = Field(ge=0, le=36)
    feed: Address | None = None
    feed_heartbeat_s: int = Field(default=86_400, gt=0)
    stable: bool = False


class Label(_Strict):
    """One `[[label]]` of labels.toml: who an address is, of what class, and who says so."""

    address: Address
    name: str
    kind: Literal["investor", "team", "treasury", "exchange", "delegate", "protocol", "bridge", "unknown"] = "unknown"
    chain: Key | None = None
    owner: str = ""
    source: str


class VoteWatch(_Strict):
    """A vote worth saying: a share of the quorum, or any vote that crosses the quorum or flips the outcome."""

    kind: Literal["vote"]
    name: Key
    chain: Key | Literal["*"] = "*"
    dao: Key | Literal["*"] = "*"
    min_share_of_quorum: Share = Decimal("0.05")
    min_tokens: Decimal = Field(default=Decimal(0), ge=0)
    consequences: bool = True
    proposals: bool = True


class LiquidityWatch(_Strict):
    """A move worth saying: at least `min_usd`, or, where no price can be defended, `min_share_of_pool`."""

    kind: Literal["liquidity"]
    name: Key
    chain: Key | Literal["*"] = "*"
    protocol: str = "*"
    pools: tuple[Address, ...] = ()
    actions: tuple[Literal["add", "remove", "collect", "swap"], ...] = ("add", "remove")
    min_usd: Decimal = Field(default=Decimal(1_000_000), ge=0)
    min_share_of_pool: Share = Decimal("0.10")


class BatchWatch(_Strict):
    """A batch worth saying: by default every bundle that succeeded while an operation in it failed."""

    kind: Literal["batch"]
    name: Key
    chain: Key | Literal["*"] = "*"
    protocol: str = "*"
    senders: tuple[Address, ...] = ()
    paymasters: tuple[Address, ...] = ()
    failed_only: bool = True


Watch = Annotated[VoteWatch | LiquidityWatch | BatchWatch, Field(discriminator="kind")]


class _Watches(_Strict):
    watch: tuple[Watch, ...] = ()


class _Tokens(_Strict):
    token: tuple[TokenDef, ...] = ()


class _Labels(_Strict):
    label: tuple[Label, ...] = ()


class Runtime(_Strict):
    """The environment, `.env` included; a variable of the process beats the file."""

    discord_token: SecretStr | None = None
    redis_url: SecretStr | None = None
    data_dir: Path = Path("data")
    config_dir: Path = HERE
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8090, ge=0, le=65535)
    operator_channel: int | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    history_h: int = Field(default=24, ge=0, le=24 * 30)
    retention_d: int = Field(default=90, ge=1)


class Settings(_Strict):
    """All of it, cross-checked."""

    runtime: Runtime
    chains: dict[str, Chain]
    daos: dict[str, Dao]
    tokens: tuple[TokenDef, ...]
    labels: tuple[Label, ...]
    watches: tuple[Watch, ...]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        given: dict[str, Iterable[str]] = {
            "chain id": (str(c.id) for c in self.chains.values()),
            "watch name": (w.name for w in self.watches),
            "governor": (f"{d.chain} {d.governor}" for d in self.daos.values()),
            "token": (f"{t.chain} {t.address}" for t in self.tokens),
            "label": (f"{label.chain or 'of every chain'} {label.address}" for label in self.labels),
        }
        for what, names in given.items():
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    raise ValueError(f"{what} {name} is given twice")
                seen.add(name)
        return self

    def chain_by_id(self, chain_id: int) -> Chain | None:
        """Find a chain by its id."""
        return next((c for c in self.chains.values() if c.id == chain_id), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for the log filter to strike out. Endpoints count: keys travel in their path."""
        values = [s.get_secret_value() for c in self.chains.values() for s in c.endpoints]
        values += [s.get_secret_value() for s in (self.runtime.discord_token, self.runtime.redis_url) if s]
        return tuple(sorted({v for v in values if v}, key=len, reverse=True))


def load(
    *,
    environ: Mapping[str, str] | None = None,
    dotenv: Path | None = Path(".env"),
    config_dir: Path | None = None,
    protocols: Mapping[str, Iterable[str]] | None = None,
) -> Settings:
    """Read and cross-check everything. `protocols` maps a watch's kind (`vote`, `liquidity`, `batch`) to the protocol
    names that exist, so that a watch on an unknown one is refused. Raises SettingsError.
    """
    env = _environment(os.environ if environ is None else environ, dotenv)
    runtime = _runtime(env)
    where = config_dir or runtime.config_dir
    chains = _table(where / "chains.toml", Chain, _resolver(where / "chains.toml", env))
    daos = _table(where / "daos.toml", Dao)
    tokens = _whole(where / "tokens.toml", _Tokens).token
    labels = _whole(where / "labels.toml", _Labels).label
    watches = _whole(where / "watches.toml", _Watches).watch
    _cross_check(where, chains, daos, tokens, labels, watches, protocols)
    try:
        return Settings(runtime=runtime, chains=chains, daos=daos, tokens=tokens, labels=labels, watches=watches)
    except ValidationError as error:
        raise SettingsError(str(where), "*", error.errors()[0]["msg"], "keep one of the two") from None


def _environment(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    from_file = dotenv_values(dotenv, interpolate=False) if dotenv and dotenv.is_file() else {}
    return {**{k: v for k, v in from_file.items() if v}, **{k: v for k, v in environ.items() if v}}


def _runtime(env: Mapping[str, str]) -> Runtime:
    given = {name: env[name.upper()] for name in Runtime.model_fields if name.upper() in env}
    try:
        return Runtime.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise SettingsError("environment", str(first["loc"][0]).upper(), first["msg"], "correct it in .env") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise SettingsError(
            str(file), "*", "is missing", "restore it, or set CONFIG_DIR to the folder that has it"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(str(file), "*", f"is not TOML: {error}", "mend that line") from None


def _whole(file: Path, model: type[M]) -> M:
    return _validated(file, model, _read(file), "")


def _table(file: Path, model: type[M], resolve: Any = None) -> dict[str, M]:
    """Read a file whose top-level tables are named entries; the name becomes the entry's `key`."""
    entries = {}
    for key, value in _read(file).items():
        if not isinstance(value, dict):
            raise SettingsError(str(file), key, "stands outside a table", f"put it under a [{model.__name__.lower()}]")
        entry = {"key": key, **value}
        entries[key] = _validated(file, model, resolve(entry) if resolve else entry, f"{key}.")
    return entries


def _validated(file: Path, model: type[M], value: dict[str, Any], prefix: str) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = prefix + ".".join(str(part) for part in first["loc"])
        unknown = first["type"] == "extra_forbidden"
        if first["type"].startswith("union_tag"):
            kinds = "one of: vote, liquidity, batch"
            raise SettingsError(str(file), f"{place.rstrip('.')}.kind", "names no kind of watch", kinds) from None
        remedy = f"known keys: {', '.join(sorted(model.model_fields))}" if unknown else "correct it"
        problem = "unknown key" if unknown else first["msg"].removeprefix("Value error, ")
        raise SettingsError(str(file), place.rstrip("."), problem, remedy) from None


def _resolver(file: Path, env: Mapping[str, str]) -> Any:
    """Replace `env:NAME` endpoints by the variable; drop those that are not set as long as another is left."""

    def resolve(entry: dict[str, Any]) -> dict[str, Any]:
        given = entry.get("endpoints")
        if not isinstance(given, list) or not all(isinstance(e, str) for e in given):
            return entry
        found = [env.get(e[4:], "") if e.startswith("env:") else e for e in given]
        kept = [e for e in found if e]
        key = f"{entry['key']}.endpoints"
        if given and not kept and entry.get("enabled", True):
            names = ", ".join(e[4:] for e in given)
            raise SettingsError(str(file), key, f"{names} is not set", "set it in .env, or add a public endpoint")
        for at, url in enumerate(kept):
            if not re.match(r"^https?://[^/\s]+", url):
                raise SettingsError(
                    str(file), f"{key}[{at}]", "is not an http(s) URL", "write https://host/path or env:NAME"
                )
        return {**entry, "endpoints": kept or ["https://unset.invalid"]}

    return resolve


def _cross_check(
    where: Path,
    chains: Mapping[str, Chain],
    daos: Mapping[str, Dao],
    tokens: Iterable[TokenDef],
    labels: Iterable[Label],
    watches: Iterable[Any],
    protocols: Mapping[str, Iterable[str]] | None,
) -> None:
    """Every name that points somewhere must arrive."""

    def chain(file: str, key: str, name: str | None) -> None:
        if name not in (None, "*") and name not in chains:
            raise SettingsError(str(where / file), key, f"unknown chain {name!r}", f"one of: {', '.join(chains)}")

    def protocol(file: str, key: str, kind: str, name: str) -> None:
        known = sorted(protocols.get(kind, ())) if protocols is not None else None
        if known is not None and name != "*" and name not in known:
            raise SettingsError(str(where / file), key, f"unknown protocol {name!r}", f"one of: {', '.join(known)}")

    for dao in daos.values():
        chain("daos.toml", f"{dao.key}.chain", dao.chain)
        protocol("daos.toml", f"{dao.key}.protocol", "vote", dao.protocol)
    for at, token in enumerate(tokens):
        chain("tokens.toml", f"token[{at}].chain", token.chain)
    for at, label in enumerate(labels):
        chain("labels.toml", f"label[{at}].chain", label.chain)
    for watch in watches:
        key = f"watch {watch.name}"
        chain("watches.toml", f"{key}.chain", watch.chain)
        if isinstance(watch, VoteWatch):
            if watch.dao != "*" and watch.dao not in daos:
                raise SettingsError(
                    str(where / "watches.toml"), f"{key}.dao", f"unknown DAO {watch.dao!r}", "see daos.toml"
                )
        else:
            protocol("watches.toml", f"{key}.protocol", watch.kind, watch.protocol)
