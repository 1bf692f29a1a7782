from collections.abc import Iterable

import aiohttp

from bot.web.server import Sample, serve


class Vitals:
    """What a process would say of itself."""

    def __init__(self) -> None:
        self.ill: dict[str, str] = {}
        self.refreshed = False

    async def ailing(self) -> dict[str, str]:
        return self.ill

    async def refresh(self) -> None:
        self.refreshed = True

    def samples(self) -> Iterable[Sample]:
        yield Sample("tribune_head_lag_blocks", "gauge", "Blocks behind.", {"chain": "base"}, 3)
        yield Sample("tribune_head_lag_blocks", "gauge", "Blocks behind.", {"chain": "bnb"}, 0)
        yield Sample("tribune_alerts", "counter", "Alerts.", {"kind": "vote"}, 7)


async def test_health_readiness_and_metrics_are_served_on_loopback() -> None:
    vitals = Vitals()
    async with serve(vitals, "127.0.0.1", 0) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
        async with http.get("/healthz") as answer:
            assert (answer.status, await answer.text()) == (200, "alive\n")
        async with http.get("/readyz") as answer:
            assert (answer.status, await answer.text()) == (200, "ready\n")
        vitals.ill = {"base": "120 blocks behind", "discord": "not connected"}
        async with http.get("/readyz") as answer:
            assert answer.status == 503
            assert await answer.text() == "base: 120 blocks behind\ndiscord: not connected\n"
        vitals.ill = {"base": "down: a header is refused: \x1b[2Jgo\nready"}
        async with http.get("/readyz") as answer:
            assert await answer.text() == "base: down: a header is refused: [2Jgo ready\n", "a node writes no line"
        async with http.get("/metrics") as answer:
            text = await answer.text()
        assert 'tribune_head_lag_blocks{chain="base"} 3.0' in text
        assert 'tribune_alerts_total{kind="vote"} 7.0' in text
        assert vitals.refreshed
        assert text.count("# TYPE tribune_head_lag_blocks gauge") == 1
        async with http.get("/") as answer:
            assert answer.status == 404
