"""`python -m bot replay`: recorded JSON in, events out, or with `--alerts` the alerts they would make. Offline.

It is the operator's way to try a threshold and a developer's to check a decoder.
"""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import msgspec
from eth_utils.address import to_checksum_address

from bot.cards import render
from bot.cards.escape import clean
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from bot.rows import counted
from bot.unweighed import MISSING, ONE, unweighed
from config.settings import Chain, Settings
from watchers.alert import Alert, AlertState
from watchers.chain.block import Header
from watchers.event import Event
from watchers.facts import Facts
from watchers.governance.events import ProposalChange, Vote
from watchers.record import ballot_of
from watchers.recorded import Recorded
from watchers.wing import Ballot, Situation, Wing, asks_of
from watchers.wings import WINGS, decoder_of

_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_AS_TEXT = re.compile(r"(_raw|_wei|_x96)$|^(proposal_id|nonce)$")  # integers that JSON numbers would round


class Summary(msgspec.Struct):
    """What became of the logs: `logs == decoded + skipped_unknown + decode_errors`. `not_weighed`: how many events only
    a node could weigh, by kind; `missing`: what it would be asked.
    """

    blocks: int = 0
    logs: int = 0
    decoded: int = 0
    skipped_unknown: int = 0
    decode_errors: int = 0
    not_weighed: dict[str, int] = {}
    missing: list[str] = []
    empty: list[str] = []


def replay(
    settings: Settings, chain: Chain, files: Sequence[Path], out: TextIO, *, alerts: bool, as_json: bool
) -> None:
    """Print the events or alerts of the files, then the summary. Raises InputError."""
    recorded = Recorded()
    summary = Summary()
    for file in files:
        before = len(recorded.logs)
        recorded.add(file)
        if len(recorded.logs) == before:
            summary.empty.append(str(file))
    told = _Story(settings, chain, recorded, summary)
    lexicon = Lexicon(settings)
    for header, events, judged, left in told.blocks():
        if alerts:
            for kind in left:
                summary.not_weighed[kind] = summary.not_weighed.get(kind, 0) + 1
            draw = _json_alert if as_json else _alert_line
            out.writelines(draw(alert, lexicon, header) for alert in judged)
        else:
            write = _json_event if as_json else _event_line
            out.writelines(map(write, events))
    summary.missing = [MISSING[kind] for kind in summary.not_weighed]
    out.write(_json({"summary": _counts(summary)}) if as_json else _summary_lines(summary))


def _counts(summary: Summary) -> dict[str, Any]:
    """Give the summary's fields; the counts always, the rest where there is something to say."""
    return {name: value for name, value in msgspec.to_builtins(summary).items() if value not in ([], {})}


def _summary_lines(summary: Summary) -> str:
    counts = [f"{n} {name.replace('_', ' ')}" for name, n in _counts(summary).items() if isinstance(n, int)]
    lines = [", ".join(counts)]
    if summary.not_weighed:
        parts = [f"{counted(n, ONE[kind])} ({MISSING[kind]})" for kind, n in summary.not_weighed.items()]
        lines.append(f"not weighed, since a node is asked for it and replay is offline: {', '.join(parts)}")
    lines += [f"{file}: holds no logs" for file in summary.empty]
    return "".join(f"{line}\n" for line in lines)


class _Story:
    """The recorded blocks in order; remembers ballots and titles as the store would."""

    def __init__(self, settings: Settings, chain: Chain, recorded: Recorded, summary: Summary) -> None:
        self._settings, self._chain, self._recorded, self._summary = settings, chain, recorded, summary
        self._decoder = decoder_of(settings)
        self._ballots: dict[tuple[str, int], list[Ballot]] = {}
        self._titles: dict[tuple[str, int], str] = {}
        self._created: dict[tuple[str, int], Event] = {}

    def blocks(self) -> Iterator[tuple[Header, list[Event], list[Alert], list[str]]]:
        """Give each block's header, events, alerts, and the kinds of the events that were not weighed."""
        for logs in self._recorded.blocks():
            decoded = self._decoder.decode(self._chain.id, logs)
            self._summary.blocks += 1
            self._summary.logs += len(logs)
            self._summary.decoded += decoded.known
            self._summary.skipped_unknown += decoded.unknown
            self._summary.decode_errors += len(decoded.errors)
            header = self._recorded.header(logs)
            facts = Facts()
            books: dict[tuple[str, int], Sequence[Ballot]] = {
                key: tuple(ballots) for key, ballots in self._ballots.items()
            }
            self._open_books(decoded.events, books)
            at = Situation(self._settings, self._chain, header, facts, books, self._titles, self._created)
            by_wing = [(wing, events) for wing in WINGS if (events := _own(wing, decoded.events))]
            for asks in facts.rounds(partial(asks_of, by_wing, at)):
                self._recorded.know(asks, header.height, facts)
            enriched = {e.id: e for wing, events in by_wing for e in wing.enrich(events, at)}
            alerts = [
                a
                for wing, events in by_wing
                for a in wing.judge([enriched.get(e.id, e) for e in events], at)
                if not a.revises
            ]
            shown = [enriched.get(event.id, event) for event in decoded.events]
            yield header, shown, alerts, list(unweighed(decoded.events, alerts, at))
            self._remember(decoded.events)

    def _open_books(self, events: Sequence[Event], books: dict[tuple[str, int], Any]) -> None:
        """Open an empty book for a proposal created in these files; the earlier votes of any other are unknown."""
        for event in events:
            if isinstance(event, ProposalChange) and event.change == "created":
                key = (event.address, event.proposal_id)
                self._ballots.setdefault(key, [])
                self._titles[key], self._created[key] = event.description, event
                books.setdefault(key, ())

    def _remember(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Vote) and (book := self._ballots.get((event.address, event.proposal_id))) is not None:
                book.append(ballot_of(event))


def _own(wing: Wing, events: Sequence[Event]) -> list[Event]:
    """Give a wing its own events."""
    names = {protocol.name for protocol in wing.protocols}
    return [event for event in events if event.protocol in names]


def fields(event: Event) -> dict[str, Any]:
    """Give an event as the JSON line that `--json` prints: amounts as decimal text, addresses checksummed."""
    given = {name: _shown(name, value) for name, value in msgspec.structs.asdict(event).items()}
    head = {"kind": event.kind, "protocol": given.pop("protocol"), "chain": given.pop("chain_id")}
    return {**head, **{name: given.pop(name) for name in ("block", "tx", "log_index")}, **given}


def alert_fields(alert: Alert) -> dict[str, Any]:
    """Give an alert as a JSON line."""
    return {name: _shown(name, value) for name, value in msgspec.structs.asdict(alert).items()}


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        whole = isinstance(value, int) and not (_AS_TEXT.search(name) or name == "raw")
        return value if whole else str(value)
    if isinstance(value, str):
        return to_checksum_address(value) if _ADDRESS.fullmatch(value) else value
    if isinstance(value, msgspec.Struct):
        return {key: _shown(key, inner) for key, inner in msgspec.structs.asdict(value).items()}
    if isinstance(value, list | tuple):
        return [_shown(name, inner) for inner in value]
    return value


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _json_event(event: Event) -> str:
    return _json(fields(event))


def _json_alert(alert: Alert, _lexicon: Lexicon, _header: Header) -> str:
    return _json(alert_fields(alert))


def _event_line(event: Event) -> str:
    own = {k: v for k, v in fields(event).items() if v not in ("", None, [], 0)}
    for name in ("kind", "protocol", "chain", "block", "tx", "log_index", "tx_index", "position"):
        own.pop(name, None)
    # of text from a chain, what cannot be seen would work on the terminal
    rest = " ".join(f"{name}={clean(value) if isinstance(value, str) else value}" for name, value in own.items())
    return f"{event.block} {event.tx[:10]} {event.kind} {event.protocol} {rest}\n"


def _alert_line(alert: Alert, lexicon: Lexicon, header: Header) -> str:
    return plain(render([AlertState(alert=alert)], lexicon), now_s=header.time_s) + "\n\n"
