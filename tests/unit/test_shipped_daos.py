"""The daos.toml and labels.toml that ship: they load, and hold what the DAOs' own records say."""

from config.settings import Settings, load
from watchers.governance.wing import wing


def shipped() -> Settings:
    return load(environ={}, dotenv=None)


def test_every_shipped_dao_has_a_protocol_of_ours_and_a_place_to_begin() -> None:
    for dao in shipped().daos.values():
        assert dao.protocol in wing.families, dao.key
        assert dao.start_block > 0, dao.key
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
