"""A mistake in a file or a variable is one line: where, what, and the remedy."""

from pathlib import Path

import pytest

from config.errors import SettingsError
from config.settings import load
from tests.settings import CHAINS, DAO, TOKEN, read, written

LABEL = '[[label]]\naddress="0x%s"\nname="X"\nsource="s"\n' % ("11" * 20)
REMINDER = '[[watch]]\nkind="reminder"\nname="w"\n'
VOTE = '[[watch]]\nkind="vote"\nname="w"\n'
ACT = VOTE.replace("vote", "act")
PUBLIC = '"env:ETH_RPC", "https://public.example/rpc"'
KNOWN_IN_VOTE = (
    "chain, consequences, dao, gained_within_h, kind, min_share_of_quorum, min_tokens, name, proposals, try_again_h"
)
# a file and what it holds; the line that is said of it, without the folder
WRONG = [
    (
        "chains",
        CHAINS + "speeed = 3\n",
        "ethereum.speeed: unknown key; known keys: block_time_s, confirmations, enabled,",
    ),
    ("chains", CHAINS.replace("endpoints", "endpoint"), "ethereum.endpoints: is missing; add it"),
    ("chains", CHAINS + "max_rnge = 3\n", "ethereum.max_rnge: unknown key; did you mean max_range?"),
    ("chains", CHAINS + 'key = "eth"\n', "ethereum.key: unknown key; the name in brackets, [ethereum], is the key"),
    ("chains", CHAINS.replace("id = 1\n", ""), "ethereum.id: is missing; add it"),
    (
        "chains",
        CHAINS.replace("id = 1\n", 'id = "one"\n'),
        "ethereum.id: must be a valid integer; write a whole number",
    ),
    ("chains", CHAINS.replace("id = 1\n", "id = 1.5\n"), "ethereum.id: must be a valid integer; write a whole number"),
    ("chains", CHAINS.replace("= 12", "= inf"), "ethereum.block_time_s: must be a finite number; correct it"),
    ("chains", CHAINS.replace("= 12", "= 0"), "ethereum.block_time_s: must be greater than 0; correct it"),
    ("chains", CHAINS + 'proof = "trust"\n', "ethereum.proof: must be 'bloom', 'logs' or 'receipts'; correct it"),
    ("chains", CHAINS.replace(PUBLIC, ""), "ethereum.endpoints: must have at least 1 item"),
    ("chains", CHAINS.replace(PUBLIC, "1"), "ethereum.endpoints no. 1: must be a valid string; correct it"),
    (
        "chains",
        CHAINS.replace(PUBLIC, '"env:ETH_RPC"'),
        "ethereum.endpoints: ETH_RPC is not set; set it in .env, or add",
    ),
    (
        "chains",
        CHAINS.replace("env:ETH_RPC", "env:"),
        "ethereum.endpoints no. 1: names no variable; write env:NAME, as in",
    ),
    (
        "chains",
        CHAINS.replace("https://p", "wss://p"),
        "ethereum.endpoints no. 2: is not an http(s) URL; write https://",
    ),
    (
        "chains",
        CHAINS.replace("public.", "pub lic."),
        "ethereum.endpoints no. 2: is not an http(s) URL; write https://",
    ),
    ("chains", CHAINS.replace("example/", "example:99999/"), "ethereum.endpoints no. 2: is not an http(s) URL; write"),
    (
        "chains",
        CHAINS + 'explorer = "etherscan.io"\n',
        "ethereum.explorer: is not an http(s) URL; write https://host/path",
    ),
    ("chains", CHAINS.replace("[ethereum]", "[Ethereum]"), "Ethereum: is not a name; write at most 40 small letters"),
    ("chains", CHAINS.replace("[ethereum]", "[[ethereum]]"), "ethereum: is a list of tables; write [ethereum]"),
    (
        "chains",
        CHAINS + CHAINS.replace("[ethereum]", "[two]"),
        "two.id: chain id 1 is given twice; ethereum.id has it already",
    ),
    ("chains", CHAINS + CHAINS, "line 10, column 10: a key or a table is given twice; keep one of the two"),
    (
        "chains",
        CHAINS + "confirmations = 3\n",
        "line 9, column 18: a key or a table is given twice; keep one of the two",
    ),
    ("chains", CHAINS.replace("id = 1\n", f"id = {2**63}\n"), "ethereum.id: must be less than 9223372036854775808;"),
    (
        "chains",
        CHAINS.replace(f"[{PUBLIC}]", '"x"'),
        "ethereum.endpoints: must be a list in square brackets; correct it",
    ),
    ("chains", "id = " + "9" * 5000, "whole file: is not TOML: Exceeds the limit"),
    ("chains", "id = " + "[" * 100_000, "whole file: is nested too deeply; use plain tables"),
    ("chains", "id = 1", "id: stands outside a table; put it under the [chain] it is of"),
    ("chains", "[a\n", "line 1, column 3: is not TOML: Expected ']' at the end of a table declaration; mend that line"),
    (
        "chains",
        'name = "',
        "end of document: is not TOML: Unterminated string; mend that line; texts stand in double quotes",
    ),
    ("daos", DAO + 'space = "uni.eth"\n', "uni.space: is a space, and its chain is no hub; name a chain with hub"),
    ("daos", DAO.replace("ethereum", "mars"), "uni.chain: unknown chain 'mars'; one of: ethereum"),
    ("daos", DAO.replace("oz_governor", "senate"), "uni.protocol: unknown protocol 'senate'; one of: oz_governor"),
    (
        "daos",
        DAO.replace("D6354d", "d6354d"),
        "uni.governor: wrong checksum; if the address is right, write 0x408ED6354d",
    ),
    (
        "daos",
        DAO.replace('"0x408ED6354d4973f66138C91495F2f2FCbd8724C3"', "0x40"),
        "uni.governor: must be a valid string;",
    ),
    (
        "daos",
        DAO.replace("0x408ED6354d4973f66138", "uni.eth"),
        "uni.governor: is not an address; write 0x and 40 hex digits",
    ),
    (
        "daos",
        DAO + DAO.replace("[uni]", "[two]"),
        "two.governor: governor ethereum 0x408ed6354d4973f66138c91495f2f2fcbd87",
    ),
    ("daos", DAO.replace('"Uniswap"', '""'), "uni.name: must have at least 1 character; correct it"),
    (
        "daos",
        DAO + 'proposal_url = "https://t.example/uni"',
        "uni.proposal_url: names no proposal; write {id} where its",
    ),
    (
        "daos",
        DAO + 'proposal_url = "javascript:{id}"',
        "uni.proposal_url: is not an http(s) URL; write https://host/pa",
    ),
    ("daos", '["a\\nb"]\n', "a\\nb: is not a name; write"),
    ("tokens", TOKEN.replace("ethereum", "mars"), "token no. 1 (X).chain: unknown chain 'mars'; one of: ethereum"),
    (
        "tokens",
        TOKEN + TOKEN,
        "token no. 2 (X): token ethereum 0x1111111111111111111111111111111111111111 is given twice; to",
    ),
    (
        "tokens",
        TOKEN + TOKEN.replace("=1", "=99"),
        "token no. 2 (X).decimals: must be less than or equal to 36; correct",
    ),
    ("tokens", TOKEN.replace("[[token]]", "[token]"), "token: is not a list of tables; write [[token]] above each"),
    (
        "labels",
        LABEL + LABEL,
        "label no. 2 (X): label of every chain 0x1111111111111111111111111111111111111111 is given twice",
    ),
    ("labels", LABEL + 'chain = "mars"', "label no. 1 (X).chain: unknown chain 'mars'; one of: ethereum"),
    ("labels", LABEL.replace('name="X"\n', ""), "label no. 1.name: is missing; add it"),
    ("watches", VOTE + 'dao = "nobody"', "watch no. 1 (w).dao: unknown DAO 'nobody'; one of: none"),
    ("watches", VOTE + "min_usd = 5", f"watch no. 1 (w).min_usd: unknown key; known keys: {KNOWN_IN_VOTE}"),
    (
        "watches",
        VOTE + "min_share_of_quorum = 5",
        "watch no. 1 (w).min_share_of_quorum: must be less than or equal to 1;",
    ),
    ("watches", VOTE + VOTE, "watch no. 2 (w): watch name w is given twice; watch no. 1 (w) has it already"),
    (
        "watches",
        VOTE.replace("vote", "rumour"),
        "watch no. 1 (w).kind: names no kind of watch; one of: vote, liquidity, batch, act",
    ),
    (
        "watches",
        VOTE.replace("vote", "votes"),
        "watch no. 1 (w).kind: names no kind of watch; did you mean vote?",
    ),
    (
        "watches",
        REMINDER + "hours = []",
        "watch no. 1 (w).hours: must have at least 1 item",
    ),
    (
        "watches",
        REMINDER + "hours = 24",
        "watch no. 1 (w).hours: must be a list in square brackets; write one to eight whole hours, as in [24, 3]",
    ),
    ("watches", REMINDER + "hours = [0]", "watch no. 1 (w).hours"),
    ("watches", REMINDER + "hours = [721]", "watch no. 1 (w).hours"),
    ("watches", REMINDER + "hours = [1.5]", "watch no. 1 (w).hours"),
    ("watches", REMINDER + f"hours = {list(range(1, 10))}", "watch no. 1 (w).hours: must have at most 8 items"),
    ("watches", REMINDER + "delegates = 21", "watch no. 1 (w).delegates: must be less than or equal to 20"),
    ("watches", REMINDER + 'dao = "nobody"', "watch no. 1 (w).dao: unknown DAO 'nobody'; one of: none"),
    ("watches", REMINDER + 'chain = "mars"', "watch no. 1 (w).chain: unknown chain 'mars'; one of"),
    ("watches", REMINDER + "min_tokens = 5", "watch no. 1 (w).min_tokens: unknown key; known keys: chain, dao, dele"),
    ("watches", VOTE + "try_again_h = 721", "watch no. 1 (w).try_again_h: must be less than or equal to 720"),
    ("watches", VOTE + "try_again_h = -1", "watch no. 1 (w).try_again_h: must be greater than or equal to 0"),
    ("watches", VOTE.replace("kind", "kimd"), "watch no. 1 (w).kimd: unknown key; did you mean kind?"),
    (
        "watches",
        VOTE.replace('kind="vote"', ""),
        "watch no. 1 (w).kind: is missing; add it, one of: vote, liquidity, batch, act",
    ),
    (
        "watches",
        VOTE.replace("vote", "liquidity") + 'min_usd = "1 million"',
        "watch no. 1 (w).min_usd: must be a valid decimal; write a number, as in 1000000",
    ),
    (
        "watches",
        VOTE.replace("vote", "liquidity") + 'protocol = "curve"',
        "watch no. 1 (w).protocol: unknown protocol 'curve'",
    ),
    (
        "watches",
        VOTE.replace("vote", "liquidity") + 'chain = "mars"',
        "watch no. 1 (w).chain: unknown chain 'mars'; one of",
    ),
    (
        "watches",
        VOTE.replace("vote", "liquidity") + 'pools = ["0x1"]',
        "watch no. 1 (w).pools no. 1: is not an address; write",
    ),
    ("watches", ACT + 'dao = "nobody"', "watch no. 1 (w).dao: unknown DAO 'nobody'; one of: none"),
    ("watches", ACT + 'protocol = "curve"', "watch no. 1 (w).protocol: unknown protocol 'curve'; one of: access"),
    ("watches", ACT + 'acts = ["gossip"]', "watch no. 1 (w).acts no. 1: "),
    ("watches", "[[watches]]\n", "watches: unknown key; this file holds [[watch]] tables only"),
]


@pytest.mark.parametrize(("file", "text", "told"), WRONG, ids=[told.partition(";")[0] for _, _, told in WRONG])
def test_a_wrong_setting_is_one_line_with_file_key_and_remedy(file: str, text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        written(tmp_path, {file: text})
    line = str(caught.value)
    assert line.startswith(f"{tmp_path}/{file}.toml: {told}")
    assert line.isprintable()
    assert "; " in line


def test_a_dao_of_a_hub_names_its_space(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"uni\.space: is missing: its chain is a hub; name the space, or another"):
        written(tmp_path, {"chains": CHAINS + "hub = true\n", "daos": DAO})


def test_a_file_that_is_not_utf8_or_cannot_be_read_says_so(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "daos.toml").write_bytes(b"# one\n# \xff\n")
    with pytest.raises(SettingsError, match=r"daos\.toml: line 2: is not UTF-8; save the file as UTF-8"):
        load(environ={}, dotenv=None, config_dir=tmp_path)
    (tmp_path / "daos.toml").unlink()
    (tmp_path / "daos.toml").mkdir()
    with pytest.raises(SettingsError, match=r"daos\.toml: whole file: cannot be read: Is a directory; let this user"):
        load(environ={}, dotenv=None, config_dir=tmp_path)
    with pytest.raises(
        SettingsError, match=r"chains\.toml: whole file: cannot be read: Not a directory; .* CONFIG_DIR"
    ):
        load(environ={}, dotenv=None, config_dir=tmp_path / "chains.toml")


WRONG_VARIABLES = [
    ("WEB_PORT", "canary", "must be a valid integer; write a whole number, as in 8090"),
    ("WEB_PORT", "70000", "must be less than or equal to 65535; correct it"),
    (
        "OPERATOR_CHANNEL",
        "#canary",
        "must be a valid integer; write the channel's id: in Discord turn on developer mode",
    ),
    ("LOG_LEVEL", "canary", "must be 'debug', 'info', 'warning' or 'error'; correct it"),
    ("OPERATOR_CHANNEL", "0", "must be greater than 0; write the channel's id: in Discord turn on"),
    ("RETENTION_D", "9" * 30, "must be less than or equal to 36500; correct it"),
    ("HISTORY_H", "9999", "must be less than or equal to 720; correct it"),
    (
        "DISCORD_TOKEN",
        "Bot canary.a.b",
        "holds a sign that no token has; copy the token alone from the Developer Portal",
    ),
    ("DISCORD_TOKEN", '"canary', "holds a sign that no token has; copy the token alone"),
    ("DISCORD_TOKEN", "canary…", "holds a sign that no token has; copy the token alone from the Developer Portal"),
    ("REDIS_URL", "canary", "is not a Redis URL; write redis://host:6379/0, rediss://host:6379/0 or unix:///path"),
    ("REDIS_URL", "http://canary:6379", "is not a Redis URL; write redis://"),
    ("REDIS_URL", "redis://canary:99999", "is not a Redis URL; write redis://"),
    ("REDIS_URL", "redis://canary:6379/main", "is not a Redis URL; write redis://"),
    ("ETH_RPC", "node.example/canary", "is not an http(s) URL; write https://host/path"),
    ("ETH_RPC", "https://node.example:port/canary", "is not an http(s) URL; write https://host/path"),
]


@pytest.mark.parametrize(("name", "value", "told"), WRONG_VARIABLES)
def test_a_wrong_variable_names_itself_but_not_its_value(name: str, value: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, {name: value})
    assert str(caught.value).startswith(f"environment: {name}: {told}")
    assert "canary" not in str(caught.value)


def test_a_mistake_in_dotenv_names_that_file(tmp_path: Path) -> None:
    read(tmp_path)
    dotenv = tmp_path / ".env"
    for text, told in (
        ("WEB_PORT=many\n", "WEB_PORT: must be a valid integer; write a whole number, as in 8090"),
        ("# mine\nDISCORD_TOKEN 'canary\n", "line 2: is not NAME=value; mend it, or begin it with #"),
        ("A=1\n\nDISCORD_TOKEN\n", "line 3: is not NAME=value; mend it, or begin it with #"),
        ("ETH_RPC=canary\n", "ETH_RPC: is not an http(s) URL; write https://host/path"),
    ):
        dotenv.write_text(text)
        with pytest.raises(SettingsError) as caught:
            load(environ={}, dotenv=dotenv, config_dir=tmp_path)
        assert str(caught.value) == f"{dotenv}: {told}"
    dotenv.write_bytes(b"A=\xff\n")
    with pytest.raises(SettingsError, match=r"\.env: whole file: is not UTF-8; save"):
        load(environ={}, dotenv=dotenv, config_dir=tmp_path)
    dotenv.write_text("WEB_PORT=many\n")
    assert load(environ={"WEB_PORT": "1"}, dotenv=dotenv, config_dir=tmp_path).runtime.web_port == 1


def test_a_missing_file_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"chains\.toml: whole file: is missing; restore it, or set CONFIG_DIR"):
        load(environ={}, dotenv=None, config_dir=tmp_path)


def test_the_holders_of_a_dao_without_a_token_cannot_be_kept(tmp_path: Path) -> None:
    dao = '[d]\nname="D"\nchain="ethereum"\nprotocol="oz_governor"\ngovernor="0x%s"\nholders=true\n' % ("11" * 20)
    with pytest.raises(SettingsError, match=r"d\.holders: has no token to keep the holders of; name the DAO's token"):
        read(tmp_path, daos=dao)
    kept = read(tmp_path, daos=dao + 'token="0x%s"\n' % ("22" * 20))
    assert kept.holders_on(kept.chains["ethereum"]) == {"0x" + "22" * 20}
