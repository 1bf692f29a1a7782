"""What the operator's files and variables come to."""

from decimal import Decimal
from pathlib import Path

import pytest

from config.settings import ACTS, TIMELOCK_STEPS, ActWatch, load
from tests.settings import CHAINS, DAO, TOKEN, read


def test_the_shipped_files_load_with_the_eight_chains() -> None:
    settings = load(environ={}, dotenv=None)
    assert {c.id for c in settings.chains.values()} >= {1, 42161, 10, 8453, 137, 56, 100, 43114}


def test_a_secret_endpoint_comes_from_the_environment_and_is_left_out_while_unset(tmp_path: Path) -> None:
    without = read(tmp_path).chains["ethereum"].endpoints
    with_key = read(tmp_path, {"ETH_RPC": "https://node.example/canary-key"}).chains["ethereum"].endpoints
    assert [len(without), len(with_key)] == [1, 2]
    assert "canary-key" not in repr(with_key)


def test_every_endpoint_and_token_is_a_secret(tmp_path: Path) -> None:
    env = {"ETH_RPC": "https://n.example/canary", "DISCORD_TOKEN": "canary-token", "REDIS_URL": "redis://:canary-pw@h"}
    settings = read(tmp_path, env)
    assert {"https://n.example/canary", "canary-token", "redis://:canary-pw@h"} <= set(settings.secrets)
    assert "canary" not in repr(settings)


def test_addresses_are_kept_in_lower_case(tmp_path: Path) -> None:
    assert read(tmp_path, daos=DAO).daos["uni"].governor == "0x408ed6354d4973f66138c91495f2f2fcbd8724c3"


def test_dotenv_is_read_and_the_process_beats_it(tmp_path: Path) -> None:
    read(tmp_path)
    dotenv = tmp_path / ".env"
    dotenv.write_text("WEB_PORT=1234\nLOG_LEVEL=debug\n")
    settings = load(environ={"WEB_PORT": "99"}, dotenv=dotenv, config_dir=tmp_path)
    assert (settings.runtime.web_port, settings.runtime.log_level) == (99, "debug")


@pytest.mark.parametrize("url", ["redis://h", "redis://:pw@h:6379/0", "rediss://h:6380/", "unix:///run/valkey.sock"])
def test_every_form_of_a_redis_url_is_taken(url: str, tmp_path: Path) -> None:
    given = read(tmp_path, {"REDIS_URL": url}).runtime.redis_url
    assert given is not None
    assert given.get_secret_value() == url


def test_shares_are_exact_decimals(tmp_path: Path) -> None:
    watch = read(tmp_path, watches='[[watch]]\nkind="vote"\nname="w"\nmin_share_of_quorum = 0.1').watches[0]
    assert watch.min_share_of_quorum == Decimal("0.1")  # type: ignore[union-attr] # it is a vote watch


def test_the_mark_that_some_editors_put_before_the_text_does_no_harm(tmp_path: Path) -> None:
    read(tmp_path)
    for file, text in ((tmp_path / "chains.toml", CHAINS), (tmp_path / ".env", "WEB_PORT=1234")):
        file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(environ={}, dotenv=tmp_path / ".env", config_dir=tmp_path).runtime.web_port == 1234


def test_who_is_vouched_for_are_the_addresses_that_the_files_name_on_that_chain() -> None:
    settings = load(environ={}, dotenv=None)
    ethereum, optimism = settings.chains["ethereum"], settings.chains["optimism"]
    uniswap, everywhere = settings.daos["uniswap"], "0x2b1ad6184a6b0fac06bd225ed37c2abc04415ff4"
    named = settings.named_on(ethereum)
    assert {uniswap.governor, uniswap.token, uniswap.timelock, everywhere} <= named
    assert "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48" in named  # USDC, of tokens.toml
    assert "0x4750c43867ef5f89869132eccf19b9b6c4286e1a" in named  # a label of this chain
    assert everywhere in settings.named_on(optimism)
    assert not {uniswap.governor, "0x4750c43867ef5f89869132eccf19b9b6c4286e1a"} & settings.named_on(optimism)


def test_a_timelock_s_steps_are_not_among_the_acts_that_are_said_unasked() -> None:
    (watch,) = (w for w in load(environ={}, dotenv=None).watches if isinstance(w, ActWatch))
    assert set(ACTS) - set(watch.acts) == set(TIMELOCK_STEPS)


def test_the_holders_of_a_token_are_kept_only_where_the_files_say_so(tmp_path: Path) -> None:
    kept = TOKEN + "holders=true\n"
    other = TOKEN.replace("11" * 20, "22" * 20)
    settings = read(tmp_path, tokens=kept + other)
    assert settings.holders_on(settings.chains["ethereum"]) == {"0x" + "11" * 20}
