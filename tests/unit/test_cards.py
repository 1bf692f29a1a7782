from decimal import Decimal
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import render
from bot.cards.card import Button, Card
from bot.cards.frame import HEADLINE
from bot.cards.layout import COMPONENTS, texts, view
from bot.cards.lexicon import Lexicon
from bot.cards.text import plain
from bot.rows import BYTES, TEXT
from config.settings import Dao, Label, load
from tests.alerts import (
    E18,
    GOVERNOR,
    UNI,
    VOTER,
    a_batch,
    a_move,
    a_proposal,
    a_state,
    a_tally,
    a_vote,
    an_operation,
)
from watchers.alert import Amount

A16Z = Label(address=VOTER, name="a16z", kind="investor", source="etherscan-labels")
UNISWAP = Dao(
    key="uniswap",
    name="Uniswap",
    chain="ethereum",
    protocol="governor_bravo",
    governor=GOVERNOR,
    token=UNI,
    symbol="UNI",
    proposal_url="https://vote.example/{id}",
)
SETTINGS = load(environ={}, dotenv=None).model_copy(update={"labels": (A16Z,), "daos": {"uniswap": UNISWAP}})
LEXICON = Lexicon(SETTINGS)
NOW = 1_700_001_000


def drawn(*states: Any) -> str:
    return plain(render(states, LEXICON), now_s=NOW)


def test_a_vote_that_flips_the_outcome_says_so() -> None:
    lines = drawn(a_state(a_vote())).splitlines()
    assert lines[0] == "15.0M UNI against: the outcome flips to failing"
    assert lines[2] == (
        "  Voter a16z (investor) 0x8d07D2…e6A265 · 37.5 % of the quorum · 16.6 % of votes cast · 1.5 % of supply"
    )
    assert lines[3] == "  For 57.7 % → 48.2 % · Quorum 109.0 % → 109.0 %"
    assert lines[4] == "  Outcome passing → failing"
    assert lines[5] == "  To flip it back 3.30M UNI for"
    assert lines[6] == "  Voting until 15 January 2027 08:00 UTC (in 1157 d)"
    assert lines[8].split() == ["Against", "█" * 9 + "░" * 9, "51.8", "%", "46.9M"]
    small = "  (Ethereum · block 13,056,456 · not final yet · 1 min ago · rule large-votes · A-"
    assert lines[-2].startswith(small)
    assert lines[-1] == "  [Transaction] [Why?] [Snooze]"


def test_a_vote_that_reaches_the_quorum_says_so() -> None:
    before, after = a_tally("39", "50"), a_tally("54", "56")
    facts = a_vote(support="for", flips=None, crosses_quorum=True, before=before, after=after)
    assert drawn(a_state(facts)).startswith("15.0M UNI for: the quorum is reached\n")


def test_an_unreadable_quorum_is_unknown_and_the_outcome_too() -> None:
    before, after = a_tally("1", "2", None), a_tally("1", "17", None)
    text = drawn(a_state(a_vote(before=before, after=after, flips=None, share_of_quorum=None, pivotal=False)))
    assert text.startswith("15.0M UNI against\n")
    assert "quorum unknown\n  Outcome stays unknown" in text


def test_votes_on_one_proposal_share_a_card_that_says_what_they_changed_together() -> None:
    first = a_vote(flips="failing", before=a_tally("43.6", "31.9"), after=a_tally("43.6", "46.9"))
    second = a_vote(support="for", flips="passing", before=a_tally("43.6", "46.9"), after=a_tally("47.6", "46.9"))
    text = drawn(a_state(first), a_state(second, alert={"position": 1}))
    assert text.startswith("2 votes, 30.0M UNI: the outcome flips to passing\n")
    assert "Outcome passing → failing → passing" in text
    assert text.count("15.0M UNI against") + text.count("15.0M UNI for") == 2


def test_a_quote_on_a_card_of_several_votes_names_its_author() -> None:
    other = "0x" + "ab" * 20
    first, second = a_vote(), a_vote(voter=other, support="for", reason_text="Half is what it costs.")
    card = render([a_state(first), a_state(second, alert={"position": 1})], LEXICON)
    assert card.evidence[1] == f"{LEXICON.who(1, other)} says\n> “Half is what it costs.”"
    assert render([a_state(second)], LEXICON).evidence[1] == "> “Half is what it costs.”"


def test_what_a_reorg_took_back_turns_grey_and_says_so() -> None:
    card = render([a_state(a_vote(), live=False, rev=2)], LEXICON)
    assert card.accent == "gone"
    assert card.headline.startswith("Retracted: 15.0M UNI against")
    assert "it did not happen" in plain(card, now_s=NOW)
    assert "taken back by a reorg" in card.small


def test_one_vote_of_a_group_taken_back_leaves_the_other() -> None:
    text = drawn(a_state(a_vote()), a_state(a_vote(support="for"), alert={"position": 1}, live=False))
    assert text.startswith("15.0M UNI against")


def test_a_moved_alert_and_a_late_one_say_so() -> None:
    small = render([a_state(moved_from=13_056_455, final=True, late_s=7200)], LEXICON).small
    assert "final · moved from block 13,056,455 by a reorg · found 2 h late" in small


def test_a_reason_from_the_chain_is_quoted_and_harmless() -> None:
    card = render([a_state(a_vote(reason_text="@everyone [x](https://evil.example) **sell**"))], LEXICON)
    quoted = card.evidence[-1]
    assert quoted.startswith("> “＠everyone ")
    assert "](" not in quoted


@pytest.mark.parametrize(
    ("change", "said"),
    [("created", "New proposal: voting opens"), ("extended", "Voting extended: its end has moved")],
)
def test_a_proposal_step_is_said(change: str, said: str) -> None:
    text = drawn(a_state(a_proposal(change=change, tally=a_tally("1", "2"))))
    assert text.splitlines()[:2] == [said, "Uniswap · proposal 42 · UNI for Flipside"]
    assert "Votes 1.00M for · 2.00M against · 0 abstain" in text


def test_a_card_says_until_when_in_words_that_stay_true_when_the_time_has_passed() -> None:
    lines = drawn(a_state(a_proposal(ends_at_s=NOW - 7200))).splitlines()
    assert "  Voting until 14 November 2023 20:30 UTC (2 h ago)" in lines
    lines = drawn(a_state(a_proposal(change="queued", eta_s=NOW + 90))).splitlines()
    assert "  Can run from 14 November 2023 22:31 UTC (in 1 min)" in lines
    assert "Voting until block 12,345" in drawn(a_state(a_proposal(ends_at_s=None, ends_at_clock=12_345)))


@pytest.mark.parametrize("change", ["queued", "executed", "canceled", "closed", "defeated", "vetoed"])
def test_a_step_after_the_voting_does_not_say_until_when_one_could_vote(change: str) -> None:
    assert "Voting until" not in drawn(a_state(a_proposal(change=change)))
    assert "Voting until" in drawn(a_state(a_proposal(change="extended")))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (f"<t:{NOW}:R>", "just now"),
        (f"<t:{NOW + 1}:R>", "in 1 s"),
        (f"<t:{NOW - 90_000}:R>", "1 d ago"),
        (f"<t:{NOW}:f>", "14 November 2023 22:30 UTC"),
        (f"<t:{NOW}>", "14 November 2023 22:30 UTC"),
        (f"<t:{2**256 - 1}:f>", "a date that no calendar has"),
        ("‹t:5:R>", "‹t:5:R>"),
    ],
)
def test_text_has_no_time_marks_but_what_a_person_reads_there(mark: str, said: str) -> None:
    assert plain(Card(headline="h", facts=(mark,)), now_s=NOW) == f"h\n  {said}"


def test_a_whale_says_how_much_and_what_share() -> None:
    lines = drawn(a_state(a_move())).splitlines()
    assert lines[0] == "$4.82M liquidity removed: 43.0 % of the pool"
    assert lines[2] == "  Moved 2.40M USDC ($2.40M) + 1,000 WETH ($2.42M)"
    assert "priced by Chainlink 16 min ago" in lines[-2]


def test_without_a_price_there_are_no_dollars() -> None:
    amounts = (Amount("0x" + "a0" * 20, "XYZ", 18, -5 * 10**6 * E18), Amount("0x" + "c0" * 20, "", None, -7))
    text = drawn(a_state(a_move(usd=None, amounts=amounts)))
    assert "$" not in text
    assert "no price" in text
    assert text.startswith("5.00M XYZ liquidity removed: 43.0 %")


def test_a_swap_reads_from_what_went_in_to_what_came_out() -> None:
    amounts = (Amount("0x" + "a0" * 20, "USDC", 6, 10**12), Amount("0x" + "c0" * 20, "WETH", 18, -400 * E18))
    assert "Moved 1.00M USDC for 400 WETH" in drawn(a_state(a_move(action="swap", amounts=amounts)))


def test_a_bundle_that_succeeded_while_an_operation_failed_says_so() -> None:
    text = drawn(a_state(a_batch()))
    assert text.startswith("Batch: 2 of 3 operations succeeded\n")
    assert "failed at call 2 of 3: `boomString` on" in text
    assert 'Reason `Error("lab: nope")`' in text
    assert "✗  2 boomString" in text
    assert "–  3 ping" in text
    assert "not reached" in text
    assert "The other 2 succeeded" in text


def test_without_a_trace_the_calls_are_unknown_and_never_a_success() -> None:
    text = drawn(a_state(a_batch(operations=(an_operation(calls=(), reason=""),), evidence="logs")))
    assert text.startswith("Operation failed inside a successful bundle")
    assert "no reason given" in text
    assert "inner calls unknown: no trace" in text


def size(card: Card) -> tuple[int, int]:
    shown = texts(card)
    return sum(map(len, shown)), sum(len(t.encode()) + 12 for t in shown)


HOSTILE = st.text(max_size=4000)


@given(HOSTILE, HOSTILE, st.sampled_from([0, 1, 10**18, 2**256 - 1]), st.sampled_from([None, 0, 18, 36]))
def test_any_card_fits_discord(title: str, words: str, raw: int, decimals: int | None) -> None:
    weight = Amount("0x" + "11" * 20, words, decimals, raw)
    operations = tuple(an_operation(reason=words) for _ in range(12))
    for facts in (
        a_vote(title=title, reason_text=words, weight=weight),
        a_move(pool_name=title, amounts=(weight, weight), usd=Decimal(raw)),
        a_batch(operations=operations),
        a_proposal(title=title),
    ):
        card = render([a_state(facts)], LEXICON)
        chars, size_bytes = size(card)
        assert chars <= TEXT
        assert size_bytes <= BYTES
        assert len(card.headline) <= HEADLINE
        layout = view(card)
        assert layout.content_length() <= TEXT
        assert layout.total_children_count <= COMPONENTS


def test_what_is_too_long_is_cut_and_says_so() -> None:
    card = Card(headline="x", facts=("é" * 3990,), evidence=("e" * 3000,), small="s")
    shown = texts(card)
    assert sum(map(len, shown)) <= TEXT
    assert "Cut: the whole is too long" in shown[-1]
    assert "…" in shown[1]


async def test_a_card_becomes_one_container_with_its_buttons() -> None:
    card = Card(
        headline="h",
        subject="s",
        subject_url="https://x.example/1",
        facts=("f",),
        small="z",
        buttons=(Button("Transaction", url="https://x.example/2"), Button("Why?", custom_id="why:1:aa")),
        ping_role=77,
    )
    layout = view(card)
    parts: list[Any] = layout.to_components()  # type: ignore[no-untyped-call] # discord.py leaves it untyped
    assert [p["type"] for p in parts] == [10, 17]
    assert parts[0]["content"] == "<@&77>"
    inner = parts[1]["components"]
    assert [p["type"] for p in inner] == [9, 14, 10, 10, 1]
    assert [b.get("custom_id", b.get("url")) for b in inner[-1]["components"]] == ["https://x.example/2", "why:1:aa"]
    assert layout.is_finished()
    assert isinstance(layout, discord.ui.LayoutView)


def test_a_number_and_its_unit_stay_on_one_line() -> None:
    card = Card(
        headline="15.0M UNI: 37.5 % of the quorum", facts=("in 3 min · 1,200 WETH · 4 of 5 votes",), small="2 h late"
    )
    assert texts(card) == [
        "### 🔵 15.0M\u00a0UNI: 37.5\u00a0% of the quorum",
        "in 3\u00a0min · 1,200\u00a0WETH · 4 of 5 votes",
        "-# 2\u00a0h late",
    ]
