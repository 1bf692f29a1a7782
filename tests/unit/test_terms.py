"""What moderators decide and members pick, without Discord: words, checks, limits, and the cards about them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import choices
from bot.cards import layout
from bot.commands import alerts, snooze, status, why
from bot.commands import help as help_command
from bot.desk import Line
from bot.rows import CHARS, counted, fitting
from bot.subscription import Subscription
from bot.terms import Named, changes, check_wish, describe, missing, same_wish, share_of, the_one
from tests.alerts import a_batch, a_move, a_proposal, a_state, a_tally, a_vote
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from watchers.alert import Amount, Followed
from watchers.errors import UserError

# --- rows -----------------------------------------------------------------------------------------------------------


def test_rows_are_whole_or_left_out() -> None:
    rows = ["x" * 1000] * 10
    kept, left = fitting(rows)
    assert set(kept) == {"x" * 1000}
    assert len(kept) + left == 10
    assert sum(map(len, kept)) + len(kept) <= CHARS
    assert fitting(["a", "b", "c"], 2) == (("a", "b"), 1)
    assert fitting([]) == ((), 0)


def test_rows_are_bounded_by_bytes_too() -> None:
    kept, left = fitting(["😀" * 500] * 6)
    assert (len(kept), left) == (4, 2)


def test_one_is_singular_and_none_is_plural() -> None:
    assert [counted(n, "vote") for n in (0, 1, 2, 1000)] == ["0 votes", "1 vote", "2 votes", "1,000 votes"]


# --- alerts, help, status, why, snooze ------------------------------------------------------------------------------


def a_wish(n: int = 1, **bent: Any) -> Subscription:
    return Subscription(**{"id": f"{n:08x}", "guild_id": 1, "channel_id": 2, "created_at_ms": n, **bent})


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({}, "**everything** (`00000001`)"),
        (
            {"kind": "vote", "dao": "uniswap", "min_share": Decimal("0.05")},
            "**votes** · Uniswap · from 5.0 % of the quorum (`00000001`)",
        ),
        (
            {"kind": "liquidity", "chain_id": 1, "min_usd": Decimal(10**6), "min_share": Decimal("0.1")},
            "**whales** · on Ethereum · from $1.00M or from 10.0 % of the pool (`00000001`)",
        ),
        ({"min_severity": "critical"}, "**everything** · only critical (`00000001`)"),
        ({"kind": "proposal", "threads": True}, "**proposals** · each proposal in a thread of its own (`00000001`)"),
        ({"dao": "gone", "chain_id": 4040}, "**everything** · gone · on chain 4040 (`00000001`)"),
        ({"paused": "no longer there"}, "**everything** (`00000001`) **shut: no longer there**"),
    ],
)
def test_a_subscription_reads_as_a_line(bent: dict[str, Any], words: str) -> None:
    assert describe(a_wish(**bent), DESK) == words


def test_wishes_are_the_same_whatever_their_code_and_author() -> None:
    assert same_wish(a_wish(1), a_wish(2, created_by=9))
    assert not same_wish(a_wish(1), a_wish(1, min_usd=Decimal(1)))


def test_filters_that_go_together_are_taken() -> None:
    for one in (
        a_wish(),
        a_wish(kind="vote", dao="uniswap", chain_id=1, protocol=UNISWAP.protocol, min_share=Decimal("0.1")),
        a_wish(min_usd=Decimal(5)),
        a_wish(kind="liquidity", protocol="uniswap_v3", min_usd=Decimal(5), min_share=Decimal("0.1")),
        a_wish(kind="proposal", dao="taken-out-of-the-file"),
    ):
        check_wish(one, DESK)


def test_only_what_tells_of_proposals_may_ask_for_threads() -> None:
    for kind in ("*", "proposal"):
        check_wish(a_wish(kind=kind, threads=True), DESK)
    for kind in ("vote", "liquidity", "batch", "act", "reminder"):
        with pytest.raises(UserError, match="Only a proposal starts a thread"):
            check_wish(a_wish(kind=kind, threads=True), DESK)


def test_threads_are_changed_when_they_are_named() -> None:
    assert changes(named(threads=True), DESK) == {"threads": True}
    assert changes(named(threads=False), DESK) == {"threads": False}


def test_threads_need_two_permissions_more() -> None:
    held = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
    assert missing(held, thread=False) == []
    assert missing(held, thread=False, threads=True) == ["Create Public Threads", "Send Messages in Threads"]


def test_a_dao_on_another_chain_is_refused() -> None:
    with pytest.raises(UserError, match=r"^Uniswap votes on Ethereum; leave `chain` out\.$"):
        check_wish(a_wish(kind="vote", dao="uniswap", chain_id=8453), DESK)


def named(**given: Any) -> Named:
    return Named(*(given.get(field) for field in Named._fields))


def test_what_is_not_named_is_not_changed() -> None:
    assert changes(named(), DESK) == {}
    assert changes(named(kind="vote", dao="Uniswap", chain="Base", min_percent=12.5, severity="notable"), DESK) == {
        "kind": "vote", "dao": "uniswap", "chain_id": 8453, "min_share": Decimal("0.125"), "min_severity": "notable",
    }  # fmt: skip


def test_a_minus_sign_and_a_nought_take_a_filter_and_a_minimum_away() -> None:
    assert changes(named(dao="-", chain="-", protocol="-", min_usd=0, min_percent=0.0), DESK) == {
        "dao": "", "chain_id": None, "protocol": "", "min_usd": None, "min_share": None,
    }  # fmt: skip


@pytest.mark.parametrize("given", [{"kind": "gossip"}, {"severity": "loud"}, {"dao": "nobody"}, {"chain": "moon"}])
def test_a_name_that_is_not_in_the_list_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"Pick|pick"):
        changes(named(**given), DESK)


def test_a_percentage_is_an_exact_share() -> None:
    assert share_of(5.5) == Decimal("0.055")
    assert share_of(0.1) == Decimal("0.001")
    assert share_of(None) is None


@pytest.mark.parametrize(
    "given",
    [
        {"dao": "uniswap", "chain_id": 1, "min_usd": Decimal(5), "min_share": Decimal("0.01"), "protocol": "sablier"},
        {"dao": "uniswap", "chain_id": 42161},  # a DAO's vesting contract may stand on another chain
        {"protocol": "access"},
    ],
)
def test_insiders_may_be_heard_by_dao_dollars_share_and_protocol(given: dict[str, Any]) -> None:
    check_wish(a_wish(kind="act", **given), DESK)


def test_insiders_are_not_heard_by_the_protocol_of_votes() -> None:
    with pytest.raises(UserError, match="no protocol called"):
        check_wish(a_wish(kind="act", protocol="oz_governor"), DESK)


def test_a_wish_for_insiders_is_told_in_words() -> None:
    told = describe(a_wish(kind="act", dao="uniswap", min_share=Decimal("0.01")), DESK)
    assert told.startswith("**insiders** · Uniswap · from 1.0 % of the supply")


def test_a_code_is_found_as_it_is_shown() -> None:
    assert the_one([a_wish(1), a_wish(2)], " `00000002` ").id == "00000002"
    with pytest.raises(UserError):
        the_one([a_wish(1)], "0")


def test_a_thread_asks_for_its_own_permission() -> None:
    none = discord.Permissions.none()
    assert missing(none, thread=False) == ["View Channel", "Send Messages", "Read Message History"]
    assert missing(none, thread=True) == ["View Channel", "Send Messages in Threads", "Read Message History"]
    assert missing(discord.Permissions.all(), thread=True) == []


def test_two_hundred_subscriptions_fit_one_message() -> None:
    many = [a_wish(n, channel_id=n // 9, kind="vote", dao="uniswap", min_usd=Decimal(n)) for n in range(250)]
    card = alerts.answer_list(many, DESK)
    harmless(card)
    assert card.headline == "250 subscriptions"
    assert card.facts[-1].endswith("more; start typing in `/alerts edit` to find one")


def test_the_codes_offered_are_named_by_channel() -> None:
    named = alerts.code_choices([a_wish(1), a_wish(2, channel_id=3, ping_role=5)], DESK, {3: "gov"})
    assert named == [
        ("#gov: everything (00000002)", "00000002"),
        ("a channel that is gone: everything (00000001)", "00000001"),
    ]


def test_help_without_subscriptions_says_how_to_begin() -> None:
    card = help_command.answer([("</alerts add:7>", "x"), ("</votes:8>", "y")], [], DESK)
    assert card.facts[-1].endswith("Who manages the server can start with </alerts add:7>.")
    assert help_command.answer([], [], DESK, in_server=False).facts == ()
    harmless(help_command.answer([("</a:1>", "b")], [a_wish(n) for n in range(250)], DESK))


def test_status_says_first_whether_all_is_well() -> None:
    well, ill = Line("Base", "at the head", well=True), Line("Ethereum", "down", well=False)
    assert status.answer([well]).headline == "All is well"
    one = status.answer([well, ill])
    assert (one.headline, one.accent) == ("1 of 2 needs attention", "warning")
    assert one.facts[0].startswith("✗ **Ethereum**")
    assert status.answer([ill, ill]).headline == "2 of 2 need attention"
    assert status.answer([]).headline == "Nothing is watched"


def test_what_a_node_says_of_its_refusal_is_harmless_in_status() -> None:
    harmless(status.answer([Line("Base", f"down: a header is refused: {HOSTILE}", well=False)]))
    (line,) = status.answer([Line("Base", "down: [free](https://x.example)\n✓ **Base** at the head", well=False)]).facts
    assert "\n" not in line
    assert "[free](" not in line
    assert "**Base** at the head" not in line


@pytest.mark.parametrize(
    "facts",
    [
        a_vote(title=HOSTILE, weight=Amount("0x" + "a0" * 20, HOSTILE, None, 5)),
        a_proposal(title=HOSTILE),
        a_move(pool_name=HOSTILE, amounts=(Amount("0x" + "a0" * 20, HOSTILE, 6, 1, Decimal(1), HOSTILE, 1),)),
        a_batch(bundle_status=None),
    ],
)
def test_why_is_harmless_for_every_kind(facts: Any) -> None:
    harmless(why.answer(a_state(facts), DESK))


def test_why_says_unknown_where_it_is_unknown() -> None:
    card = why.answer(a_state(a_vote(after=a_tally("1", "1", None), pivotal=False)), DESK)
    assert "**Quorum** unknown" in card.facts
    assert card.facts[-3] == "**Without this vote** the outcome would be unknown"
    assert "was not checked" in "".join(why.answer(a_state(a_batch(bundle_status=None)), DESK).facts)
    assert "itself failed" in "".join(why.answer(a_state(a_batch(bundle_status=0)), DESK).facts)


def test_why_under_a_card_that_follows_a_proposal_says_what_keeps_it() -> None:
    open_still, over = (
        why.answer(a_state(a_proposal(tally=a_tally("3", "1"), followed=Followed(ended=ended))), DESK).facts[
            1:
        ]  # after the rule
        for ended in (False, True)
    )
    assert open_still[0] == (
        "**Followed** every vote counts here, those below the floor of an alert too; this card is edited once a minute "
        "at most as votes come in, at once for a step and when voting ends"
    )
    assert open_still[1] == "**Tally** for 3.00M, against 1.00M, abstain 0 UNI"
    assert over[0].endswith("voting is over, so only another step changes this card")
    assert not any("**Step**" in line for line in (*open_still, *over))
    assert why.answer(a_state(a_proposal(change="queued")), DESK).facts[1].startswith("**Step** queued")


def test_why_under_a_retracted_card_says_first_that_it_did_not_happen() -> None:
    gone = why.answer(a_state(a_vote(), live=False), DESK).facts
    assert gone[0].startswith("A reorganisation of the chain took this back: **it did not happen**.")
    assert gone[1:] == why.answer(a_state(a_vote()), DESK).facts


def test_why_gives_a_tally_of_a_token_of_unknown_decimals_to_the_last_unit() -> None:
    facts = a_proposal(tally=a_tally("3", "1"), followed=Followed(), token_decimals=None)
    assert (
        f"**Tally** for {3 * 10**24}, against {10**24}, abstain 0 base units" in why.answer(a_state(facts), DESK).facts
    )


def test_the_buttons_of_a_snooze_fit_their_ids() -> None:
    card = snooze.offer(2**63, "f" * 32)
    assert [button.label for button in card.buttons] == ["1 h", "8 h", "24 h"]
    assert all(len(button.custom_id) <= layout.CUSTOM_ID for button in card.buttons)
    assert len(snooze.done(24, NOW_S * 1000, f"{2**63}:{'f' * 32}").buttons[0].custom_id) <= layout.CUSTOM_ID


# --- choices --------------------------------------------------------------------------------------------------------


def test_choices_keep_discords_limits() -> None:
    offered = choices.matching(((f"{n:03} " + "n" * 200, str(n)) for n in range(90)), "n")
    assert len(offered) == 25
    assert all(1 <= len(choice.name) <= 100 for choice in offered)


def test_what_begins_as_typed_comes_first() -> None:
    pairs = [("Big Apple", "a"), ("apple", "b"), ("Pear", "apple-c"), ("Plum", "d")]
    assert [choice.value for choice in choices.matching(pairs, " APPLE ")] == ["b", "a", "apple-c"]


def test_names_lead_to_what_they_name() -> None:
    assert choices.the_dao(DESK, " UNISWAP ").key == "uniswap"
    assert choices.the_protocol(DESK, "Uniswap V3", "liquidity") == "uniswap_v3"
    chain = choices.the_chain(DESK, "ethereum")
    assert chain is not None
    assert chain.id == 1
    assert choices.the_chain(DESK, None) is None
    for wrong in ("", "nobody", "\u202e", "x" * 5000):
        with pytest.raises(UserError) as told:
            choices.the_dao(DESK, wrong)
        assert len(str(told.value)) < 200


def test_every_file_of_commands_is_shipped_with_the_bot() -> None:
    folder = Path(choices.__file__).parent / "commands"
    names = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert names == {
        "alerts",
        "batch",
        "batches",
        "bundlers",
        "delegate",
        "help",
        "label",
        "paymasters",
        "power",
        "proposal",
        "snooze",
        "status",
        "votes",
        "whales",
        "why",
    }
