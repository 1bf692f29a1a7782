"""A proposal's actions read from its creation: by known names, by the proposer's word, or not at all."""

from typing import Any

import msgspec
import pytest

from tests.electorate import OTHER, WHALE, W, change, judged, situation
from watchers.abi import encode_words, selector
from watchers.alert import ProposalFacts
from watchers.governance.actions import MAX_ACTIONS, MAX_DATA, actions, bounded, planned, repeated, text_chars
from watchers.governance.events import ProposalChange
from watchers.proposed import Action
from watchers.record import StoredEvent, read, record
from watchers.signatures import MAX_TEXT

TARGET = "0x" + "c3" * 20


def call(signature: str, *given: Any) -> str:
    types = tuple(t for t in signature[signature.index("(") + 1 : -1].split(",") if t)
    return selector(signature) + encode_words(types, given).hex()


def plan(*rows: tuple[str, int, str, str]) -> ProposalChange:
    """Create a proposal of (target, value, signature, calldata)."""
    targets, values, signatures, calldatas = zip(*rows, strict=True) if rows else ((), (), (), ())
    return change("created", targets=targets, values_wei=values, signatures=signatures, calldatas=calldatas)


def one(data: str, *, value: int = 0, signature: str = "") -> Action:
    (action,) = actions(plan((TARGET, value, signature, data)))
    return action


def test_calldata_is_told_as_function_and_arguments() -> None:
    action = one(call("transfer(address,uint256)", OTHER, 5 * W))
    assert action == Action(
        index=0,
        target=TARGET,
        function="transfer(address,uint256)",
        arguments=(OTHER, str(5 * W)),
        risks=("moves funds",),
    )


def test_bravo_s_signature_and_arguments_are_put_together_as_the_timelock_does() -> None:
    created = plan((TARGET, 0, "_setPendingAdmin(address)", "0x" + encode_words(("address",), (OTHER,)).hex()))
    assert planned(created)[0].data == call("_setPendingAdmin(address)", OTHER)
    (action,) = actions(created)
    assert (action.function, action.arguments) == ("_setPendingAdmin(address)", (OTHER,))
    assert action.risks == ("changes the owner",)


@pytest.mark.parametrize(
    ("signature", "given", "risk"),
    [
        ("approve(address,uint256)", (OTHER, 1), "allows spending"),
        ("upgradeTo(address)", (OTHER,), "replaces code"),
        ("grantRole(bytes32,address)", (b"\1" * 32, OTHER), "changes roles"),
        ("transferOwnership(address)", (OTHER,), "changes the owner"),
        ("setPendingAdmin(address)", (OTHER,), "changes the owner"),
        ("setFeeTo(address)", (OTHER,), "changes fees"),
        ("setFeeProtocol(uint8,uint8)", (4, 4), "changes fees"),
        ("setDelay(uint256)", (7,), "changes the delay"),
        ("setVotingPeriod(uint32)", (7,), "changes the voting rules"),
        ("updateQuorumNumerator(uint256)", (7,), "changes the voting rules"),
        ("mint(address,uint256)", (OTHER, 7), "makes tokens"),
        ("setMinter(address)", (OTHER,), "makes tokens"),
    ],
)
def test_what_is_risky_at_a_glance_is_said(signature: str, given: tuple[Any, ...], risk: str) -> None:
    assert one(call(signature, *given)).risks == (risk,)


def test_a_fee_that_only_the_proposer_s_own_signature_names_is_seen() -> None:
    data = "0x" + encode_words(("uint256",), (3,)).hex()
    action = one(data, signature="setFeeBps(uint256)")
    assert (action.arguments, action.risks) == (("3",), ("changes fees",))


def test_coins_are_sent_with_a_call_or_by_themselves() -> None:
    assert one("0x", value=3) == Action(0, TARGET, "", 3, (), ("sends coins",))
    assert one(call("setDelay(uint256)", 1), value=1).risks == ("changes the delay", "sends coins")


def test_a_selector_that_nobody_knows_is_shown_as_it_is() -> None:
    assert one("0xdeadbeef" + "00" * 32) == Action(0, TARGET, "0xdeadbeef")


@pytest.mark.parametrize(
    "signature",
    [
        "f(uint256[99999999999])",
        "f(((((((((uint256)))))))))",
        "f(uint256",
        "f(uint256[][][][][][])",
        "@everyone(uint256)",
        "f(bytes33)",
        "x" * 100_000,
        "f(" + "uint256," * 500 + "uint256)",
    ],
)
def test_a_hostile_signature_gives_no_arguments_and_no_error(signature: str) -> None:
    action = one("0x" + "ff" * 320, signature=signature)
    assert action.arguments is None
    assert action.function == signature[:MAX_TEXT]


def test_hostile_calldata_gives_no_arguments_and_no_error() -> None:
    assert one("0xa9059cbb").arguments is None
    assert one("0xa9059cbb" + "ff" * 64).arguments is None
    assert one("0xa9059c").arguments is None
    assert one("0xzz").arguments is None


def test_a_long_argument_is_cut() -> None:
    data = "0x" + encode_words(("string",), ("x" * 10_000,)).hex()
    (text,) = one(data, signature="note(string)").arguments or ()
    assert len(text) == MAX_TEXT
    assert text.endswith("…")


def test_lists_of_unequal_length_tell_only_what_is_whole() -> None:
    bent = msgspec.structs.replace(plan(*[(TARGET, 0, "", "0x")] * 3), values_wei=(1,))
    assert [a.value_wei for a in actions(bounded(bent))] == [1]
    assert bounded(bent).left_out == 2


def test_too_many_actions_are_cut_and_counted() -> None:
    many = bounded(plan(*[(TARGET, 0, "", "0x")] * (MAX_ACTIONS + 7)))
    assert (len(many.targets), many.left_out) == (MAX_ACTIONS, 7)
    assert len(many.values_wei) == len(many.signatures) == len(many.calldatas) == MAX_ACTIONS


def test_too_much_calldata_is_cut_at_a_whole_action_and_counted() -> None:
    large = "0x" + "00" * (MAX_DATA // 4)
    kept = bounded(plan(*[(TARGET, 0, "", large)] * 3))
    assert (kept.calldatas, kept.left_out) == ((large,), 2)


def test_what_fits_is_kept_as_it_is() -> None:
    created = plan((TARGET, 1, "", "0x12"), (WHALE, 0, "", "0x"))
    assert bounded(created) is created


def test_a_record_of_before_the_trials_still_reads() -> None:
    created = plan((TARGET, 1, "", "0x12"))
    text = record(created, 7).text
    stored = msgspec.json.decode(text.partition(b"\n")[2])
    for fresh in ("left_out", "simulated"):
        stored["event"].pop(fresh, None)
    assert read(b"{}\n" + msgspec.json.encode(stored)) == StoredEvent(created, 7)


def test_targets_that_are_called_again_and_again_are_told_the_most_called_first() -> None:
    rows = [(target, 0, "", "0x") for target in (TARGET, OTHER, TARGET, WHALE, OTHER, TARGET)]
    assert repeated(plan(*rows)) == ((TARGET, 3), (OTHER, 2))
    assert repeated(None) == repeated(plan()) == ()


@pytest.mark.parametrize(
    ("text", "protocol", "chars"),
    [
        ("  Pay the team.\n", "oz_governor", 13),
        ("", "governor_bravo", 0),
        ("", "aave_v3", None),
        ("ipfs://QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWP", "azorius", None),
        ("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWP", "oz_governor", None),
    ],
)
def test_how_much_a_proposal_says_is_known_where_the_chain_holds_its_text(
    text: str, protocol: str, chars: int | None
) -> None:
    created = msgspec.structs.replace(plan((TARGET, 0, "", "0x")), description=text, protocol=protocol)
    assert text_chars(created) == chars
    assert text_chars(None) is None


def test_a_new_proposal_tells_both() -> None:
    created = msgspec.structs.replace(plan((TARGET, 0, "", "0x"), (TARGET, 0, "", "0x")), description="# Pay\nthem")
    (alert,) = judged(situation(), created)
    assert isinstance(alert.facts, ProposalFacts)
    assert (alert.facts.repeated, alert.facts.text_chars) == (((TARGET, 2),), len("# Pay\nthem"))
