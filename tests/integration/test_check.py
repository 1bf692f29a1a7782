import io
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.__main__ import main
from bot.check import online, summary
from config.errors import SettingsError
from config.settings import Chain as ChainDef
from config.settings import Dao, Settings, load
from sandbox.chain.replay import Chain
from sandbox.discord import Discord
from tests.hub import SPACE, FakeHub, serving

STORY = Path(__file__).parents[2] / "sandbox" / "chain" / "config"
CANARY = "canarykey0123456789"


def settings(*urls: str, **changes: object) -> Settings:
    """The story's settings, its chain at these endpoints."""
    read = load(environ={"SANDBOX_RPC": urls[0], "DISCORD_TOKEN": CANARY}, dotenv=None, config_dir=STORY)
    (key, chain), *_ = read.chains.items()
    bent = chain.model_copy(update={"endpoints": tuple(map(SecretStr, urls)), **changes})
    return read.model_copy(update={"chains": {key: bent}})


async def told(given: Settings) -> tuple[bool, list[str]]:
    """Try the endpoints alone: no token is set."""
    out = io.StringIO()
    well = await online(with_token(given, None), out)
    assert CANARY not in out.getvalue()
    head, *endpoints, discord, summary = out.getvalue().splitlines()
    assert discord == "Discord    not tried: DISCORD_TOKEN is not set, a start would use a local Discord"
    return well, [head, *endpoints, summary]


def with_token(given: Settings, token: str | None) -> Settings:
    secret = SecretStr(token) if token else None
    return given.model_copy(update={"runtime": given.runtime.model_copy(update={"discord_token": secret})})


async def told_of_discord(token: str, api_base: str) -> tuple[bool, str]:
    out = io.StringIO()
    async with Chain.start(block_time_s=None) as chain:
        try:
            well = await online(with_token(settings(chain.url), token), out, api_base=api_base)
        finally:
            assert token not in out.getvalue()
    (line,) = [line for line in out.getvalue().splitlines() if line.startswith("Discord ")]
    return well, line


@asynccontextmanager
async def saying(status: int, text: str) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{CANARY}"
    finally:
        await runner.cleanup()


def test_check_says_what_a_start_would_do_and_no_secret() -> None:
    text = summary(settings(f"http://127.0.0.1:1/{CANARY}"))
    assert text.splitlines()[:2] == [
        "settings   ok: chains 1, DAOs 2, tokens 3, labels 8, watches 5",
        "chains     Sandbox",
    ]
    assert text.endswith("\nspeaks     in Discord")
    assert CANARY not in text


def test_check_says_when_nothing_would_be_followed() -> None:
    text = summary(settings("http://127.0.0.1:1", enabled=False))
    assert "chains     none: nothing will be followed" in text


async def test_check_online_says_the_settings_then_each_endpoint_then_the_sum() -> None:
    async with Chain.start(block_time_s=None) as chain:
        well, lines = await told(settings(f"{chain.url}/{CANARY}", f"http://127.0.0.1:1/{CANARY}"))
    assert well
    assert lines[0].startswith("settings   ok: chains 1, ")
    assert re.fullmatch(r"sandbox    127\.0\.0\.1    ok: head \d+ in \d+ ms(; it names no .*)?", lines[1])
    refused = "refuses the connection; see that it runs and that the port is right"
    assert lines[2:] == [
        f"sandbox    127.0.0.1#2  {refused}",
        "summary    1 of 2 endpoints are ok; every chain has one",
    ]


async def test_check_online_says_that_nothing_was_reached() -> None:
    well, lines = await told(settings(f"http://nobody.invalid/{CANARY}"))
    assert not well
    assert lines[1:] == [
        "sandbox    nobody.invalid  its name cannot be looked up; check its spelling and this machine's network",
        "summary    0 of 1 endpoints are ok; none was reached: look at this machine's network first",
    ]


@pytest.mark.parametrize(
    ("status", "text", "line"),
    [
        (200, "<html>Welcome</html>", "the answer is not JSON-RPC; check its URL: this may be a web page, not a node"),
        (302, "", "sends us elsewhere (HTTP 302); write the URL that it leads to"),
        (401, "", "does not accept the key (HTTP 401); check the key in its URL and what the plan allows"),
        (404, "", "has nothing at this path (HTTP 404); correct the path of its URL"),
        (429, "", "too many requests (HTTP 429); wait, lower requests_per_s, or take a larger plan"),
        (502, "", "is in trouble itself (HTTP 502); wait, or name another one"),
    ],
)
async def test_check_online_says_in_plain_words_what_is_wrong_and_what_to_do(status: int, text: str, line: str) -> None:
    async with saying(status, text) as url:
        well, lines = await told(settings(url))
    assert not well
    assert lines[1:] == [
        f"sandbox    127.0.0.1  {line}",
        "summary    0 of 1 endpoints are ok; not one for sandbox: mend or add one in chains.toml",
    ]


async def test_check_online_says_which_chain_an_endpoint_really_serves() -> None:
    async with Chain.start(block_time_s=None) as chain:
        _, lines = await told(settings(chain.url, id=1))
    assert lines[1] == (
        "sandbox    127.0.0.1  serves chain 31337, not 1; put it under its own chain in chains.toml, or correct the id"
    )


async def test_check_online_tries_the_token_at_discord_and_names_whom_it_is_of() -> None:
    async with Discord.start() as discord:
        well, line = await told_of_discord(discord.token, discord.api_base)
        world = discord.backend.world
        assert (well, line) == (True, f"Discord    ok: the token is accepted, as {world.users[world.app_id].username}")
        with pytest.raises(SettingsError, match="DISCORD_TOKEN: Discord refuses it; copy the token anew") as refused:
            await told_of_discord(f"{CANARY}.t", discord.api_base)
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (502, "", "is in trouble itself (HTTP 502); wait, then try again"),
        (429, "", "too many requests (HTTP 429); wait, then try again"),
        (200, "<html>Log in to this network</html>", "does not answer as Discord does; look at this machine's network"),
        (200, "[]", "does not answer as Discord does; look at this machine's network"),
        (302, "", "sends us elsewhere (HTTP 302); look at this machine's network"),
    ],
)
async def test_check_online_says_what_else_discord_may_answer(status: int, text: str, said: str) -> None:
    async with saying(status, text) as url:
        well, line = await told_of_discord(f"{CANARY}.t", url)
    assert (well, line) == (False, f"Discord    {said}")


async def test_check_online_says_that_discord_is_not_reached() -> None:
    well, line = await told_of_discord(f"{CANARY}.t", "http://127.0.0.1:1")
    assert not well
    assert line == "Discord    is not reached: it refuses the connection; look at this machine's network"


def test_a_chain_that_cannot_be_read_is_status_69_and_right_settings_are_status_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(STORY, tmp_path / "config")
    monkeypatch.chdir(tmp_path)  # no .env is there
    monkeypatch.setenv("CONFIG_DIR", "config")
    monkeypatch.setenv("SANDBOX_RPC", "http://127.0.0.1:1")
    assert main(["check"]) == 0
    assert main(["check", "--online"]) == 69
    assert capsys.readouterr().err == ""


def test_help_says_what_the_programme_and_each_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Tribune watches EVM chains for large governance votes, whale liquidity moves and failed batch" in text
    for command in (
        "run follow the live chains",
        "check say whether",
        "demo show the whole bot",
        "replay read recorded",
    ):
        assert command in text
    assert "69 something needed cannot be reached now, 78 a setting to mend" in text


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_setting_is_one_line_and_status_78(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("chains", "daos", "tokens", "labels", "watches"):
        (tmp_path / f"{name}.toml").write_text("")
    (tmp_path / "watches.toml").write_text('[[watch]]\nkind = "vote"\nname = "w"\ndao = "nobody"\n')
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    assert main([command]) == 78
    assert (
        capsys.readouterr().err == f"{tmp_path}/watches.toml: watch no. 1 (w).dao: unknown DAO 'nobody'; one of: none\n"
    )


def test_an_unknown_chain_to_run_is_one_line_and_status_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--chains", "mars"]) == 78
    assert capsys.readouterr().err.startswith("argument: --chains: unknown chain 'mars'; one of: ethereum")


def test_a_run_that_would_follow_nothing_is_one_line_and_status_78(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(STORY, tmp_path / "config")
    chains = tmp_path / "config" / "chains.toml"
    chains.write_text(chains.read_text() + "enabled = false\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONFIG_DIR", "config")
    assert main(["run"]) == 78
    remedy = "set enabled = true in one of them"
    assert capsys.readouterr().err == f"config/chains.toml: enabled: no chain is followed; {remedy}\n"


def test_json_without_once_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 2
    assert capsys.readouterr().err.startswith("--json: goes with --once")


def test_a_port_that_is_none_is_one_line_and_status_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--port", "99999"]) == 78
    assert capsys.readouterr().err.startswith("argument: --port: 99999: is no port; name a free one")


async def test_check_online_asks_a_hub_for_the_open_proposals_of_our_spaces() -> None:
    hub = FakeHub()
    hub.propose(1, created=1, start=1, end=2**33)
    async with serving(hub), Chain.start(block_time_s=None) as chain:
        given = settings(chain.url)
        spoken = {"key": "snapshot", "id": 5, "name": "Snapshot", "native": "votes", "hub": True, "block_time_s": 60}
        made = ChainDef.model_validate({**spoken, "endpoints": [hub.url], "confirmations": 1})
        space = Dao(key="s", name="S", chain="snapshot", protocol="snapshot", space=SPACE, governor="0x" + "11" * 20)
        more = {"chains": {**given.chains, "snapshot": made}, "daos": {**given.daos, "s": space}}
        well, (*_, line, total) = await told(given.model_copy(update=more))
        assert well
        assert re.fullmatch(r"snapshot +127\.0\.0\.1 +ok: 1 open proposals in \d+ ms", line)
        assert total.endswith("every chain has one")
        hub.fault = lambda _: web.Response(status=503)
        well, (*_, line, _) = await told(given.model_copy(update=more))
        assert not well
        assert line.endswith("the Snapshot hub answers 503; wait, then try again")
