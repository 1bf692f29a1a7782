"""A node that cannot answer a long range in time is asked for a shorter one."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from tests.integration.test_ranges import TOPICS, busy, ids, ranges_of, wanted
from watchers.chain.rpc import Unreachable


async def test_a_range_that_takes_too_long_is_asked_for_in_shorter_pieces_the_next_time() -> None:
    node, release = busy(100), asyncio.Event()

    class Hanging(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            await release.wait()
            return await super().prepare(request)

    def slow(calls: list[dict[str, Any]]) -> web.StreamResponse | None:
        for call in calls:
            if call["method"] == "eth_getLogs":
                where = call["params"][0]
                if int(where["toBlock"], 16) - int(where["fromBlock"], 16) >= 25:
                    return Hanging()
        return None

    node.fault = slow
    async with ranges_of(node, max_range=100) as ranges:
        ranges.rpc.providers[0].timeout_s = 0.2
        for _ in range(2):
            with pytest.raises(Unreachable):
                await ranges.logs(TOPICS, 1, 100)
        assert ranges.rpc.providers[0].range_cap == 25
        ranges.rpc.providers[0].timeout_s = 10.0
        assert ids(await ranges.logs(TOPICS, 1, 25)) == wanted(node, 1, 25)
        release.set()
