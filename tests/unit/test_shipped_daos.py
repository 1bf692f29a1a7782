"""The daos.toml and labels.toml that ship: they load, and hold what the DAOs' own records say."""

from pathlib import Path

from config.settings import Dao, Settings, load
from watchers.governance.chief import Chief
from watchers.governance.wing import wing

CONFIG = Path(__file__).parents[2] / "config"
BEGINNING_UNKNOWN = {"lido", "curve-ownership", "curve-parameter"} | {
    *("aave", "aave-votes", "aave-votes-polygon", "aave-votes-avalanche"),
    *("sky", "maker-2019", "gitcoin-successor", "idle-earlier"),
}


def shipped() -> Settings:
    return load(environ={}, dotenv=None)


def on_chains() -> list[Dao]:
    return [dao for dao in shipped().daos.values() if not dao.space]


def test_every_shipped_dao_has_a_protocol_of_ours_and_a_place_to_begin() -> None:
    for dao in on_chains():
        assert dao.protocol in wing.families or isinstance(wing.hands[dao.protocol], Chief), dao.key
        assert dao.start_block > 0 or dao.key in BEGINNING_UNKNOWN, dao.key
        assert not dao.proposal_url or "{id}" in dao.proposal_url, dao.key


def test_the_daos_that_the_issue_names_are_followed_as_their_family() -> None:
    daos = shipped().daos
    assert (daos["uniswap"].protocol, daos["uniswap"].governor) == (
        "governor_bravo",
        "0x408ed6354d4973f66138c91495f2f2fcbd8724c3",
    )
    assert (daos["compound"].protocol, daos["compound"].start_block) == ("oz_governor", 21_688_680)
    assert daos["compound-bravo"].protocol == "governor_bravo"
    assert daos["ens"].protocol == "oz_governor"
    assert {daos["arbitrum-core"].clock, daos["arbitrum-treasury"].clock} == {"l1_block"}
    assert daos["optimism"].protocol == "agora"


def test_every_family_that_ships_a_governor_is_followed_as_what_it_is() -> None:
    by_protocol: dict[str, set[str]] = {}
    for dao in shipped().daos.values():
        by_protocol.setdefault(dao.protocol, set()).add(dao.key)
    assert by_protocol["governor_alpha"] >= {"uniswap-alpha", "uniswap-alpha-2", "compound-alpha", "gitcoin-alpha"}
    assert by_protocol["nouns"] == {"nouns", "lil-nouns"}
    assert by_protocol["aave_v2"] == {"aave-v2", "dydx"}
    assert by_protocol["aave_v3_voting"] == {"aave-votes", "aave-votes-polygon", "aave-votes-avalanche"}
    assert by_protocol["lido"] == {"lido"}
    assert by_protocol["curve_dao"] == {"curve-ownership", "curve-parameter"}
    assert len(by_protocol["oz_governor"]) >= 45


def test_a_governor_whose_window_is_in_seconds_counts_seconds() -> None:
    in_seconds = {"aave_v3", "aave_v3_voting", "lido", "curve_dao", "aragon", "osx_token_voting"}
    for dao in on_chains():
        assert (dao.clock == "timestamp") == (dao.protocol in in_seconds or dao.key == "zksync"), dao.key


def test_governors_of_scroll_zksync_and_test_networks_ship_the_latter_switched_off() -> None:
    settings = shipped()
    daos, chains = settings.daos, settings.chains
    assert (daos["scroll"].protocol, chains[daos["scroll"].chain].id) == ("agora", 534352)
    assert (daos["zksync"].clock, chains[daos["zksync"].chain].id) == ("timestamp", 324)
    assert (chains["zksync"].finality, daos["gitcoin-successor"].chain) == ("depth", "ethereum")
    off = {chain.key: chain.id for chain in chains.values() if not chain.enabled}
    assert off == {"sepolia": 11155111, "bnb-testnet": 97}
    assert {daos[key].chain for key in ("sekhmet", "bnb-chain-testnet")} == set(off)


def test_what_counts_toward_the_quorum_is_as_the_list_of_governors_says() -> None:
    daos = shipped().daos
    for key in ("union", "signata-dao", "aggregated-finance", "inedible", "thurman", "gmx", "open-dollar", "bnb-chain"):
        assert daos[key].quorum == "for", key
    assert {daos[key].quorum for key in ("angle", "silo", "unlock", "amkt")} == {"for,abstain"}


def test_the_spaces_of_snapshot_ship_each_with_its_source_and_a_switch() -> None:
    settings = shipped()
    spaces = {dao.space: dao for dao in settings.daos.values() if dao.space}
    assert set(spaces) == {"uniswapgovernance.eth", "ens.eth", "gitcoindao.eth", "lido-snapshot.eth"}
    assert {(dao.chain, dao.protocol, dao.clock) for dao in spaces.values()} == {("snapshot", "snapshot", "timestamp")}
    assert len({dao.governor for dao in spaces.values()}) == 4
    link = spaces["ens.eth"].proposal_link(0xAB)
    assert link == f"https://snapshot.box/#/s:ens.eth/proposal/0x{0xAB:064x}"
    text = (CONFIG / "daos.toml").read_text("utf-8")
    assert all(f"# {space}: https://" in text for space in spaces)
    hub = settings.chains["snapshot"]
    assert hub.hub
    assert hub.enabled
    assert hub not in settings.on_nodes
    assert hub.tx_url("0x12") == ""


def test_a_name_that_people_type_belongs_to_one_dao() -> None:
    names = [name for dao in shipped().daos.values() for name in (dao.key, *dao.aliases)]
    assert len(names) == len(set(names))


def test_every_label_says_who_says_so_and_no_address_has_two() -> None:
    labels = shipped().labels
    assert all(label.source for label in labels)
    assert len({(label.address, label.chain) for label in labels}) == len(labels)
    a16z = [label.address for label in labels if label.owner == "a16z"]
    assert "0x2b1ad6184a6b0fac06bd225ed37c2abc04415ff4" in a16z
    assert {label.kind for label in labels if label.owner == "a16z"} == {"investor"}


def test_wallets_of_exchanges_ship_as_such_so_that_their_customers_tokens_are_nobodys_power() -> None:
    exchanges = [label for label in shipped().labels if label.kind == "exchange"]
    assert {label.owner for label in exchanges} == {"Binance", "Coinbase", "Kraken", "OKX"}
    assert all(label.chain == "ethereum" and label.source for label in exchanges)


def test_both_governors_of_idle_are_followed_on_the_same_token() -> None:
    now, earlier = (shipped().daos[key] for key in ("idle", "idle-earlier"))
    assert earlier.governor == "0x2256b25cfc8e35c3135664fd03e77595042fe31b"
    assert now.governor == "0x3d5fc645320be0a085a32885f078f7121e5e5375"
    assert (earlier.chain, earlier.protocol, earlier.token) == (now.chain, now.protocol, now.token)
