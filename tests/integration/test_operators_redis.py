"""An engine that the operator runs: used, left running, and refused when it would forget."""

import asyncio

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.deliver.record import Deliveries, Place, PostKey
from config.settings import Runtime
from tests.alerts import an_alert
from tests.committed import in_hand
from watchers.chain.block import Cursor
from watchers.errors import SettingsError, StoreError
from watchers.store import ChainStore, CommittedBlock
from watchers.valkey import check, client, engine


async def test_an_operators_redis_is_used_and_left_running(engine_socket: str) -> None:
    async with engine(Runtime(redis_url=SecretStr(f"unix://{engine_socket}"))) as redis:
        assert await redis.ping()
    again = client(engine_socket)
    assert await again.ping()
    await again.aclose()


@pytest.mark.parametrize("protocol", [2, 3])
async def test_the_outboxes_are_read_in_whichever_protocol_the_url_asks_for(engine_socket: str, protocol: int) -> None:
    async with engine(Runtime(redis_url=SecretStr(f"unix://{engine_socket}?protocol={protocol}"))) as redis:
        await redis.flushall()
        store, deliveries = ChainStore(redis, 1, clock_ms=lambda: 5), Deliveries(redis)
        epoch = await store.acquire("me", 60_000)
        assert epoch is not None
        told = an_alert(chain_id=1, block=1)
        await store.commit(epoch, None, CommittedBlock(Cursor(1, "0x1"), 1, alerts=(told,)))
        (change,) = await in_hand(store)
        await deliveries.open()
        await deliveries.route(change.state, [Place(5, 1)])
        (entry,) = await deliveries.read("c", count=9, block_ms=1)
        assert await deliveries.pending("c") == [entry]
        assert entry.post == PostKey(5, told.id)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://h/0?socket_timeout=canary", SettingsError),
        ("redis://:canary@127.0.0.1:1/0", StoreError),  # nobody there: it may be right, and the store down
        ("unix:///nowhere/canary.sock", StoreError),
    ],
)
async def test_a_redis_url_that_does_not_work_is_one_line_without_its_secrets(url: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="REDIS_URL") as raised:
        async with engine(Runtime(redis_url=SecretStr(url))):
            pass
    assert "canary" not in str(raised.value)
    assert raised.value.__suppress_context__


async def test_an_engine_that_evicts_is_refused_and_one_that_forgets_is_warned_about(redis: Redis) -> None:
    try:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(SettingsError, match="noeviction"):
            await check(redis)
        await redis.config_set("maxmemory-policy", "noeviction")
        with capture_logs() as said:
            await check(redis)
            assert said == []
            await redis.config_set("appendonly", "no")
            await check(redis)
        assert [line["event"] for line in said] == ["store_not_durable"]
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")
        await redis.config_set("appendonly", "yes")
        # while the engine writes its first file it does not end on a signal
        while (await redis.info("persistence"))["aof_rewrite_in_progress"]:  # noqa: ASYNC110 - the engine sets no event
            await asyncio.sleep(0.02)


async def test_an_old_engine_is_refused() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            info = b"redis_version:5.0.7\r\nmaxmemory_policy:noeviction\r\n"
            for word in data.upper().split():
                if word in (b"CLIENT", b"HELLO"):
                    writer.write(b"+OK\r\n" if word == b"CLIENT" else b"-ERR unknown command 'HELLO'\r\n")
                elif word == b"INFO":
                    writer.write(b"$%d\r\n%s\r\n" % (len(info), info))
                elif word == b"PING":
                    writer.write(b"+PONG\r\n")
        writer.close()

    async with await asyncio.start_server(old, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        redis = Redis(port=port, protocol=2)
        with pytest.raises(SettingsError, match="too old"):
            await check(redis)
        await redis.aclose()
