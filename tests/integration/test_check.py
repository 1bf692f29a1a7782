import io
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.check import online, summary
from config.settings import Settings, load
from sandbox.chain.replay import Chain

STORY = Path(__file__).parents[2] / "sandbox" / "chain" / "config"
CANARY = "canarykey0123456789"


def settings(url: str) -> Settings:
    return load(environ={"SANDBOX_RPC": url, "DISCORD_TOKEN": CANARY}, dotenv=None, config_dir=STORY)


def test_check_says_what_a_start_would_do_and_no_secret() -> None:
    text = summary(settings(f"http://127.0.0.1:1/{CANARY}"))
    assert text.startswith("settings are right\n  chains   Sandbox\n")
    assert "speaks   to Discord" in text
    assert CANARY not in text


async def test_check_online_tries_every_endpoint() -> None:
    async with Chain.start(block_time_s=None) as chain:
        out = io.StringIO()
        assert await online(settings(f"{chain.url}/{CANARY}"), out)
    assert "sandbox    127.0.0.1" in out.getvalue()
    assert ": head " in out.getvalue()
    assert CANARY not in out.getvalue()


async def test_check_online_says_which_endpoint_is_dead() -> None:
    out = io.StringIO()
    assert not await online(settings(f"http://127.0.0.1:1/{CANARY}"), out)
    assert out.getvalue().startswith("  sandbox    127.0.0.1")
    assert CANARY not in out.getvalue()


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_setting_is_one_line_and_status_78(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("chains", "daos", "tokens", "labels", "watches"):
        (tmp_path / f"{name}.toml").write_text("")
    (tmp_path / "watches.toml").write_text('[[watch]]\nkind = "vote"\nname = "w"\ndao = "nobody"\n')
    monkeypatch.setenv("CONFIG_DIR", str(tmp_path))
    assert main([command]) == 78
    told = capsys.readouterr().err
    assert told == f"{tmp_path}/watches.toml: watch no. 1 (w).dao: unknown DAO 'nobody'; one of: none\n"


def test_an_unknown_chain_to_run_is_one_line_and_status_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--chains", "mars"]) == 78
    assert capsys.readouterr().err.startswith("argument: --chains: unknown chain 'mars'; one of: ethereum")


def test_json_without_once_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--json"]) == 2
    assert capsys.readouterr().err.startswith("--json: goes with --once")


def test_a_port_that_is_none_is_one_line_and_status_78(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--port", "99999"]) == 78
    assert capsys.readouterr().err.startswith("argument: --port: 99999: is no port; name a free one")
