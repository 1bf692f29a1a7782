"""A Snapshot hub for tests, over real HTTP: it pages, orders and bounds as the hub does, and fails when told to."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

MOST_FIRST, MOST_SKIP = 1_000, 5_000
SPACE, OTHER_SPACE = "demo.eth", "other.eth"
AUTHOR = "0x" + "aa" * 20
_QUERY = re.compile(
    r"query \{ (\w+)\(first: (\d+), skip: (\d+), where: \{(.*)\}, "
    r'orderBy: "created", orderDirection: asc\) \{ (.*) \} \}'
)
_CONDITION = re.compile(r'(\w+): (\[[^\]]*\]|"[^"]*"|\d+)')


def proposal_id(number: int) -> str:
    return f"0x{number:064x}"


class FakeHub:
    """`proposals` and `votes` are rows as the hub gives them. `fault(what, query)` may answer in its place;
    `most` is a lower bound on pages than the one that is documented.
    """

    def __init__(self) -> None:
        self.proposals: list[dict[str, Any]] = []
        self.votes: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any], int]] = []
        self.fault: Callable[[str], web.Response | None] = lambda _: None
        self.most = MOST_FIRST
        self.url = ""

    def propose(self, number: int, *, created: int, start: int, end: int, **bent: Any) -> dict[str, Any]:
        given = {
            "id": proposal_id(number), "author": AUTHOR, "created": created, "start": start, "end": end,
            "state": "active", "type": "basic", "choices": ["For", "Against", "Abstain"], "quorum": 1_000,
            "quorumType": "default", "privacy": "", "flagged": False, "scores": [], "scores_state": "pending",
            "title": f"Proposal {number}", "body": "all of it", "space": {"id": SPACE},
        }  # fmt: skip
        self.proposals.append(given | bent)
        return self.proposals[-1]

    def vote(self, number: int, choice: Any, vp: Any, *, created: int, on: int = 1, **bent: Any) -> dict[str, Any]:
        """Cast vote no. `number`, by a voter of its own unless told otherwise."""
        given = {
            "id": f"0x{number:064x}", "voter": f"0x{number:040x}", "created": created, "choice": choice, "vp": vp,
            "reason": "", "proposal": {"id": proposal_id(on)}, "space": {"id": SPACE},
        }  # fmt: skip
        self.votes.append(given | bent)
        return self.votes[-1]

    def answer(self, query: str) -> web.Response:
        found = _QUERY.fullmatch(query)
        assert found is not None, query
        what, first, skip = found[1], int(found[2]), int(found[3])
        where = {key: json.loads(value) for key, value in _CONDITION.findall(found[4])}
        self.asked.append((what, where, skip))
        assert first <= MOST_FIRST
        assert skip <= MOST_SKIP
        rows = [row for row in getattr(self, what) if all(_holds(row, *one) for one in where.items())]
        rows.sort(key=lambda row: (row["created"], row["id"]))
        return web.json_response({"data": {what: rows[skip : skip + min(first, self.most)]}})

    async def handle(self, request: web.Request) -> web.Response:
        query = json.loads(await request.text())["query"]
        return self.fault(query) or self.answer(query)


def _holds(row: dict[str, Any], name: str, wanted: Any) -> bool:
    if name in ("space_in", "proposal"):
        return bool(row[name.removesuffix("_in")]["id"] in wanted if name == "space_in" else row[name]["id"] == wanted)
    field = name.removesuffix("_gte")
    assert field in ("created", "end"), name
    return bool(row[field] >= wanted)


@asynccontextmanager
async def serving(hub: FakeHub) -> AsyncIterator[FakeHub]:
    """Serve a hub on a free port of loopback."""
    app = web.Application()
    app.router.add_post("/graphql", hub.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hub.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql"
    try:
        yield hub
    finally:
        await runner.cleanup()
