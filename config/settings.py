"""Everything the operator decides, read once: five TOML files and the environment. The only reader of `os.environ`.

Errors: SettingsError for what the operator must mend (file, key, remedy; status 78); DefinitionError is not raised
here, since every file is the operator's to edit. Secrets are `SecretStr` and `env:NAME` in the files; their values
never appear in an error.
"""

import hashlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import parse_stream

from config.errors import WHOLE_FILE, SettingsError
from config.files import Table, entries, numbered, tables, validated
from config.nouns import (
    ACTS,
    TIMELOCK_STEPS,
    ActName,
    ActWatch,
    BatchWatch,
    Chain,
    Dao,
    Label,
    LiquidityWatch,
    ReminderWatch,
    Runtime,
    Strict,
    TokenDef,
    VoteWatch,
    Watch,
    http_url,
)

__all__ = [
    "ACTS",
    "TIMELOCK_STEPS",
    "ActName",
    "ActWatch",
    "BatchWatch",
    "Chain",
    "Dao",
    "Label",
    "LiquidityWatch",
    "ReminderWatch",
    "Runtime",
    "Settings",
    "TokenDef",
    "VoteWatch",
    "Watch",
    "load",
]

_WATCHES: Mapping[
    str, type[VoteWatch] | type[LiquidityWatch] | type[BatchWatch] | type[ActWatch] | type[ReminderWatch]
] = {
    "vote": VoteWatch,
    "liquidity": LiquidityWatch,
    "batch": BatchWatch,
    "act": ActWatch,
    "reminder": ReminderWatch,
}


class Settings(Strict):
    """All of it, cross-checked."""

    runtime: Runtime
    chains: dict[str, Chain]
    daos: dict[str, Dao]
    tokens: tuple[TokenDef, ...]
    labels: tuple[Label, ...]
    watches: tuple[Watch, ...]

    def chain_by_id(self, chain_id: int) -> Chain | None:
        """Find a chain by its id."""
        return next((c for c in self.chains.values() if c.id == chain_id), None)

    @property
    def on_nodes(self) -> tuple[Chain, ...]:
        """The chains that are followed and read from nodes: all that are enabled but hubs."""
        return tuple(chain for chain in self.chains.values() if chain.enabled and not chain.hub)

    def named_on(self, chain: Chain) -> frozenset[str]:
        """Give every address that these files name on a chain: whom the operator vouches for."""
        own = [d for d in self.daos.values() if d.chain == chain.key]
        found = {a for d in own for a in (d.governor, d.token, d.timelock, d.treasury) if a}
        found |= {token.address for token in self.tokens if token.chain == chain.key}
        return frozenset(found | {label.address for label in self.labels if label.chain in (None, chain.key)})

    def executing_on(self, chain: Chain) -> frozenset[str]:
        """Give the addresses of a chain whose executions are watched, as Safe, timelock or governor: all that these
        files name, and the senders that a watch names.
        """
        watches = [w for w in self.watches if isinstance(w, BatchWatch) and w.chain in ("*", chain.key)]
        if not watches:
            return frozenset()
        return self.named_on(chain).union(*(watch.senders for watch in watches))

    def holders_on(self, chain: Chain) -> frozenset[str]:
        """Give the tokens of a chain whose holders are kept."""
        found = {d.token for d in self.daos.values() if d.chain == chain.key and d.holders}
        return frozenset(found | {t.address for t in self.tokens if t.chain == chain.key and t.holders})

    def treasuries_on(self, chain: Chain) -> frozenset[str]:
        """Give who holds for DAOs on a chain: their timelocks and treasuries, and what a label calls a treasury."""
        own = [d for d in self.daos.values() if d.chain == chain.key]
        found = {a for d in own for a in (d.timelock, d.treasury) if a}
        labels = (label for label in self.labels if label.chain in (None, chain.key))
        return frozenset(found | {label.address for label in labels if label.kind == "treasury"})

    def tokens_on(self, chain: Chain) -> frozenset[str]:
        """Give the tokens that these files name on a chain: amounts of any other are nobody's word."""
        found = {d.token for d in self.daos.values() if d.chain == chain.key and d.token}
        return frozenset(found | {t.address for t in self.tokens if t.chain == chain.key})

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
    """Read and cross-check everything. `protocols` maps a watch's kind (`vote`, `liquidity`, `batch`, `act`) to the
    protocol names that exist, so that a watch on an unknown one is refused. Raises SettingsError.
    """
    env = _Variables(_filled(os.environ if environ is None else environ), _filled(_dotenv(dotenv)), str(dotenv))
    runtime = _runtime(env)
    where = config_dir or runtime.config_dir
    settings = Settings(
        runtime=runtime,
        chains=tables(where / "chains.toml", Chain, _Endpoints(where / "chains.toml", env)),
        daos=tables(where / "daos.toml", Dao, _in_space),
        tokens=entries(where / "tokens.toml", "token", TokenDef),
        labels=entries(where / "labels.toml", "label", Label),
        watches=entries(where / "watches.toml", "watch", _WATCHES),
    )
    _arrive(where, settings, protocols)
    _spaces(where, settings)
    _unique(where, settings)
    return settings


# --- the environment --------------------------------------------------------------------------------------------------


def _filled(given: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is empty: it counts as not set."""
    return {name: value for name, value in given.items() if value}


class _Variables(NamedTuple):
    """The variables of the process, and those of the file behind them."""

    given: Mapping[str, str]
    in_file: Mapping[str, str]
    file: str

    def get(self, name: str) -> str:
        """Give a variable, "" when it is not set."""
        return self.given.get(name) or self.in_file.get(name, "")

    def origin(self, name: str) -> str:
        """Name the place where an operator finds it."""
        return self.file if name in self.in_file and name not in self.given else "environment"


def _dotenv(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise SettingsError(str(file), WHOLE_FILE, problem, "let this user read it, or remove it") from None
    except UnicodeDecodeError:
        raise SettingsError(str(file), WHOLE_FILE, "is not UTF-8", "save the file as UTF-8") from None
    found = {}
    for line in parse_stream(io.StringIO(text)):
        if line.error or (line.key is not None and line.value is None):  # a name alone would count as not set
            whole = line.original.string  # blank lines ahead of it are a part of it
            blank = whole[: len(whole) - len(whole.lstrip())].count("\n")
            place = f"line {line.original.line + blank}"
            raise SettingsError(str(file), place, "is not NAME=value", "mend it, or begin it with #")
        if line.key is not None:
            found[line.key] = line.value or ""
    return found


def _runtime(env: _Variables) -> Runtime:
    """Read the variables; a complaint names the place that the value came from. Raises SettingsError."""
    found = {name: value for name in Runtime.model_fields if (value := env.get(name.upper()))}
    for origin in (env.file, "environment"):
        validated(origin, Runtime, {n: v for n, v in found.items() if env.origin(n.upper()) == origin}, upper=True)
    return Runtime.model_validate(found)


class _Endpoints:
    """Replaces `env:NAME` endpoints by the variable; drops those that are not set as long as another is left."""

    def __init__(self, file: Path, env: _Variables) -> None:
        self._file, self._env = str(file), env

    def __call__(self, key: str, table: Table) -> Table:
        """Give a chain's table with its endpoints filled in. Raises SettingsError."""
        given = table.get("endpoints")
        if not isinstance(given, list) or not given or not all(isinstance(end, str) for end in given):
            return table
        kept = [url for number, end in enumerate(given, 1) if (url := self._url(f"{key}.endpoints", number, end))]
        if not kept and table.get("enabled", True):
            names = ", ".join(end.removeprefix("env:") for end in given)
            remedy = "set it in .env, or add a public endpoint"
            raise SettingsError(self._file, f"{key}.endpoints", f"{names} is not set", remedy)
        return {**table, "endpoints": kept or ["https://unset.invalid"]}

    def _url(self, key: str, number: int, end: str) -> str:
        place, file, url = numbered(key, number), self._file, end
        if end.startswith("env:"):
            name = end.removeprefix("env:")
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise SettingsError(file, place, "names no variable", "write env:NAME, as in env:ETHEREUM_RPC")
            file, place, url = self._env.origin(name), name, self._env.get(name)
        try:
            return url and http_url(url)
        except ValueError as error:
            problem, _, remedy = str(error).partition("; ")
            raise SettingsError(file, place, problem, remedy) from None


# --- cross-checks -----------------------------------------------------------------------------------------------------


def _arrive(where: Path, settings: Settings, protocols: Mapping[str, Iterable[str]] | None) -> None:
    """Hold every name that points somewhere to what is there. Raises SettingsError."""
    for file, key, what, name, known in _pointers(settings, protocols):
        if name not in (None, "*", *known):
            raise SettingsError(
                str(where / file), key, f"unknown {what} {name!r}", f"one of: {', '.join(known) or 'none'}"
            )


def _pointers(
    settings: Settings, protocols: Mapping[str, Iterable[str]] | None
) -> Iterator[tuple[str, str, str, str | None, Iterable[str]]]:
    """Give file, key, what it names, the name, and the names that exist."""
    chains = settings.chains
    for dao in settings.daos.values():
        yield "daos.toml", f"{dao.key}.chain", "chain", dao.chain, chains
        if protocols is not None:
            yield "daos.toml", f"{dao.key}.protocol", "protocol", dao.protocol, sorted(protocols.get("vote", ()))
    for number, token in enumerate(settings.tokens, 1):
        yield "tokens.toml", f"{numbered('token', number, token.symbol)}.chain", "chain", token.chain, chains
    for number, label in enumerate(settings.labels, 1):
        yield "labels.toml", f"{numbered('label', number, label.name)}.chain", "chain", label.chain, chains
    for number, watch in enumerate(settings.watches, 1):
        place = numbered("watch", number, watch.name)
        yield "watches.toml", f"{place}.chain", "chain", watch.chain, chains
        if isinstance(watch, VoteWatch | ActWatch | ReminderWatch):
            yield "watches.toml", f"{place}.dao", "DAO", watch.dao, settings.daos
        if not isinstance(watch, VoteWatch | ReminderWatch) and protocols is not None:
            known = sorted(protocols.get(watch.kind, ()))
            yield "watches.toml", f"{place}.protocol", "protocol", watch.protocol, known


def _in_space(_: str, table: Table) -> Table:
    """Fill in what is the same for every space of the Snapshot hub."""
    space = table.get("space")
    if not isinstance(space, str) or not space:
        return table
    name = hashlib.sha256(f"snapshot:{space}".encode()).hexdigest()[:40]
    url = f"https://snapshot.box/#/s:{space}/proposal/{{id}}"
    same = {"chain": "snapshot", "protocol": "snapshot", "clock": "timestamp", "governor": "0x" + name}
    return {**same, "proposal_url": url, **table}


def _spaces(where: Path, settings: Settings) -> None:
    """Refuse a DAO whose chain and space do not fit. Raises SettingsError."""
    for dao in settings.daos.values():
        if bool(dao.space) != settings.chains[dao.chain].hub:
            problem = "is a space, and its chain is no hub" if dao.space else "is missing: its chain is a hub"
            remedy = "name a chain with hub = true" if dao.space else "name the space, or another chain"
            raise SettingsError(str(where / "daos.toml"), f"{dao.key}.space", problem, remedy)


def _unique(where: Path, settings: Settings) -> None:
    """Refuse what is given twice: the last one would win unseen. Raises SettingsError."""
    tokens = enumerate(settings.tokens, 1)
    labels = enumerate(settings.labels, 1)
    watches = enumerate(settings.watches, 1)
    given: dict[str, Iterable[tuple[str, str]]] = {
        "chains.toml": ((f"{c.key}.id", f"chain id {c.id}") for c in settings.chains.values()),
        "daos.toml": ((f"{d.key}.governor", f"governor {d.chain} {d.governor}") for d in settings.daos.values()),
        "tokens.toml": ((numbered("token", n, t.symbol), f"token {t.chain} {t.address}") for n, t in tokens),
        "labels.toml": (
            (numbered("label", n, o.name), f"label {o.chain or 'of every chain'} {o.address}") for n, o in labels
        ),
        "watches.toml": ((numbered("watch", n, w.name), f"watch name {w.name}") for n, w in watches),
    }
    for file, places in given.items():
        first: dict[str, str] = {}
        for key, what in places:
            if what in first:
                raise SettingsError(str(where / file), key, f"{what} is given twice", f"{first[what]} has it already")
            first[what] = key
