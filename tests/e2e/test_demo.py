"""`python -m bot demo`: it plays the story, judges itself by what the channel holds, and leaves nothing behind."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import demo
from bot.__main__ import main
from tests.stage import is_gone

HOME = Path(demo.__file__).parents[1]
CHAIN = demo.STORY
COMMAND = (sys.executable, "-m", "bot", "demo")
PATIENCE_S = 60
Expectation = list[dict[str, Any]]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tribune-") as name:
        yield Path(name)


def environ(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder)}


def ran(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *options],
        cwd=HOME,
        env=environ(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_once_tells_the_story_sums_it_up_and_leaves_nothing_behind(folder: Path) -> None:
    done = ran(folder, "--once")
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"16 posted, \d+ edited, 2 retracted, 0 lost, 0 twice", last)
    assert "260k ROSTRA for: the outcome flips to passing" in done.stdout
    assert re.search(r"\n  Voting until \d+ [A-Z][a-z]+ \d{4} \d\d:\d\d UTC \(in 50 s\)\n", done.stdout)
    assert "<t:" not in done.stdout
    assert done.stderr == ""
    assert list(folder.iterdir()) == []


def test_once_as_json_gives_a_line_for_every_card_and_nothing_else(folder: Path) -> None:
    done = ran(folder, "--once", "--json")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {tuple(one) for one in told} == {("action", "channel", "kind", "alert_id", "text")}
    assert {one["action"] for one in told} == {"posted", "edited", "retracted"}
    assert {one["kind"] for one in told} == {"vote", "proposal", "liquidity", "batch", "act"}
    queued = next(one["text"] for one in told if one["text"].startswith("Proposal passed and is queued"))
    assert re.search(r"Can run from .* UTC \(in 4 s\)\n", queued)
    assert not any("<t:" in one["text"] for one in told)
    posted = [one["alert_id"] for one in told if one["action"] == "posted"]
    assert len(posted) == len(set(posted)) == 16


def tampered(monkeypatch: pytest.MonkeyPatch, folder: Path, change: Callable[[Expectation], None]) -> None:
    """Let the story have another end than it has."""
    story = folder / "story"
    shutil.copytree(CHAIN / "config", story / "config", dirs_exist_ok=True)
    expected = json.loads((CHAIN / "expected.json").read_text(encoding="utf-8"))
    change(expected)
    (story / "expected.json").write_text(json.dumps(expected), encoding="utf-8")
    monkeypatch.setattr(demo, "STORY", story)


def test_a_story_that_ends_otherwise_than_expected_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tampered(monkeypatch, folder, lambda expected: expected[0].update(tx="0x" + "00" * 32))
    assert main(["demo", "--once"]) == 1
    told = capsys.readouterr().out
    assert "1 lost, 1 twice" in told
    assert "no message: step 2, proposal created" in told


def _first(expected: Expectation, action: str) -> dict[str, Any]:
    return next(one for one in expected if one["action"] == action)


async def test_the_judge_sees_what_is_lost_repeated_unexpected_and_not_corrected(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    async with demo.played(folder / "data", lambda _: None) as (app, _, discord):
        assert (await demo.judge(app, discord, [])).well

        tampered(monkeypatch, folder, lambda expected: _first(expected, "silent").update(action="alert"))
        assert len((await demo.judge(app, discord, [])).lost) == 1
        tampered(monkeypatch, folder, lambda expected: _first(expected, "alert").update(action="silent"))
        assert any("should be silent" in what for what in (await demo.judge(app, discord, [])).wrong)
        tampered(monkeypatch, folder, lambda expected: expected.remove(_first(expected, "alert")))
        assert any("nobody expected" in what for what in (await demo.judge(app, discord, [])).wrong)
        tampered(monkeypatch, folder, lambda expected: _first(expected, "alert").update(action="retracted"))
        assert any("not shown as retracted" in what for what in (await demo.judge(app, discord, [])).wrong)

        tampered(monkeypatch, folder, lambda _: None)
        channel = discord.channel(demo.CHANNEL)
        assert app.connection is not None
        await app.connection.get_partial_messageable(channel.id).send("New proposal: voting opens")
        assert len((await demo.judge(app, discord, [])).twice) == 1
        told = next(iter(channel.messages))
        await app.connection.get_partial_messageable(channel.id).get_partial_message(told).delete()
        assert len((await demo.judge(app, discord, [])).lost) == 1


async def test_each_room_of_the_demo_hears_its_kind_and_a_repetition_is_counted_within_its_channel(
    folder: Path,
) -> None:
    told: list[demo.Told] = []
    async with demo.played(folder / "data", told.append, rooms=True) as (app, _, discord):
        verdict = await demo.judge(app, discord, told)
        assert verdict.well, verdict
        assert verdict.line.startswith("32 posted, ")
        assert {one.channel for one in told} == {demo.CHANNEL, *demo.ROOMS}
        for room, kinds in demo.ROOMS.items():
            assert {one.alert.kind for one in told if one.channel == room} == set(kinds)

        assert app.connection is not None
        whales = discord.channel("whales")
        await app.connection.get_partial_messageable(whales.id).send("A whale comes again")
        assert (await demo.judge(app, discord, [])).twice == ["repeated in #whales: A whale comes again"]
        told_first = next(iter(whales.messages))
        await app.connection.get_partial_messageable(whales.id).get_partial_message(told_first).delete()
        (lost,) = (await demo.judge(app, discord, [])).lost
        assert lost.endswith(", in #whales")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def shown(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the demo that lasts, as far as the line that says where to look."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--port", str(port), cwd=HOME, env=environ(folder), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = (await process.stdout.readline()).decode()
        assert f"127.0.0.1:{port}" in line
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_the_demo_that_lasts_says_on_page_and_terminal_when_the_story_is_over_and_what_to_try() -> None:
    said: list[str] = []
    notices: list[str] = []

    async def until_over() -> None:
        url = said[0].split()[2]
        async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as session:
            while len(said) < 2:
                async with session.get(f"{url}/control/world") as answer:
                    notices.append((await answer.json())["notice"])
                await asyncio.sleep(0.1)
            async with session.get(f"{url}/control/messages", params={"channel": demo.CHANNEL}) as answer:
                assert "Proposal executed" in str((await answer.json())[-2:])  # and what the batch came to
            for room in demo.ROOMS:
                async with session.get(f"{url}/control/messages", params={"channel": room}) as answer:
                    assert await answer.json() != []
            async with session.get(f"{url}/control/world") as answer:
                notices.append((await answer.json())["notice"])

    await demo.live(said.append, until_over, port=0, block_time_s=0.1)
    assert said[0].endswith("Ctrl-C ends it.")
    (over,) = said[1:]
    assert over.startswith("The story is over: the chain goes on with empty blocks")
    assert over.endswith("Try /votes, /whales or, as Admin, /alerts add, or press Why? on a card. Ctrl-C ends it.")
    assert notices[0].startswith("A recorded story plays for about 4 s: ")
    assert notices[-1].startswith("The story is over: ")
    assert "Try </votes:1>, </whales:1> or, as Admin, </alerts add:1>, or press **Why?** on a card." in notices[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_ends_the_demo_with_its_store_its_port_and_its_folder(
    folder: Path, number: signal.Signals
) -> None:
    port = _free_port()
    async with shown(folder, port) as process:
        (store,) = children_of(process.pid)
        process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            assert await process.wait() == 0
        assert is_gone(store)
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert os.listdir(folder) == []  # noqa: PTH208 - an event loop runs here, and pathlib is held to block it


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_ctrl_c_before_the_story_is_judged_is_exit_status_130(folder: Path, number: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--once", cwd=HOME, env=environ(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        await process.stdout.readline()
        process.send_signal(number)
        out, _ = await process.communicate()
    assert process.returncode == 130
    assert b" posted, " not in out
    assert os.listdir(folder) == []  # noqa: PTH208 - an event loop runs here, and pathlib is held to block it


@pytest.mark.parametrize(("options", "status"), [([], 0), (["--once"], 130)])
def test_ctrl_c_while_the_demo_is_still_starting_is_what_it_is_later(
    options: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "live", interrupted)
    monkeypatch.setattr(demo, "once", interrupted)
    assert main(["demo", *options]) == status


def test_a_port_that_is_taken_is_one_line_and_exit_status_78(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = ran(folder, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1
    assert "--port" in done.stderr
