"""`/healthz`, `/readyz` and `/metrics`: is the process alive, may it be relied on, and how it is doing.

Bound to loopback unless WEB_HOST says otherwise. Nothing here holds a secret: providers are named by their host.
Source: Prometheus, "Exposition formats"; Kubernetes, "Liveness, Readiness and Startup Probes".
"""

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bot.cards.escape import clean


class Sample(NamedTuple):
    """One measured number at scrape time."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: dict[str, str]
    value: float


class Vitals(Protocol):
    """What the process knows about itself."""

    async def ailing(self) -> dict[str, str]:
        """Name what is not ready and why; empty when everything is."""
        ...

    async def refresh(self) -> None:
        """Read what only the store knows, before a scrape."""
        ...

    def samples(self) -> Iterable[Sample]:
        """Give every metric."""
        ...


class _Samples(Collector):
    def __init__(self, vitals: Vitals) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for sample in self._vitals.samples():
            family = families.get(sample.name)
            if family is None:
                make = CounterMetricFamily if sample.kind == "counter" else GaugeMetricFamily
                family = families[sample.name] = make(sample.name, sample.help, labels=list(sample.labels))
            family.add_metric(list(sample.labels.values()), sample.value)  # type: ignore[attr-defined] # both have it
        yield from families.values()


def application(vitals: Vitals) -> web.Application:
    """Build the three pages."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(vitals))

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(_: web.Request) -> web.Response:
        ailing = await vitals.ailing()
        lines = [f"{what}: {clean(why)}" for what, why in sorted(ailing.items())]
        return web.Response(status=503 if ailing else 200, text="\n".join(lines or ["ready"]) + "\n")

    async def metrics(_: web.Request) -> web.Response:
        await vitals.refresh()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


@asynccontextmanager
async def serve(vitals: Vitals, host: str, port: int) -> AsyncIterator[int]:
    """Serve the pages while the context lasts; gives the port. Raises OSError when the port is taken."""
    runner = web.AppRunner(application(vitals), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
