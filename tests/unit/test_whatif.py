"""A proposal's votes weighed otherwise: outcomes, what splitting gains, and what `/proposal` says of both."""

import asyncio
import io
import json
from dataclasses import replace
from fractions import Fraction
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as bend

from bot.cards import layout
from bot.cards.lexicon import Lexicon
from bot.commands import proposal
from bot.ruling import Options
from bot.tally import tally
from bot.whatif import what_ifs
from config.settings import Label
from tests import events
from tests.alerts import E18, VOTER
from tests.desk import DESK, HOSTILE, NOW_S, UNISWAP, harmless
from tests.rules import rules
from watchers.governance.asks import Counts
from watchers.governance.rules import FOR_ONLY, Approval, DynamicQuorum, Majority, Rule, Unruled
from watchers.governance.whatif import CAP, Outcome, idle, outcomes, sums, what_if
from watchers.history import StoredEvent
from watchers.inquiry import Standing
from watchers.wing import Ballot, Taken

WEIGHT = st.integers(0, 1_000)
NOTHING = st.just(0)
SIDES = [(WEIGHT, WEIGHT, WEIGHT), (WEIGHT, NOTHING, NOTHING), (NOTHING, WEIGHT, NOTHING)]
VOTERS = st.lists(st.one_of([st.builds(Counts, *sides) for sides in SIDES]), max_size=12)
NEVER = Majority(0, FOR_ONLY)


def by_name(
    voters: list[Counts], rule: Rule | None = NEVER, insiders: list[Counts] | None = None, **more: Any
) -> dict[str, Outcome]:
    return {one.name: one for one in outcomes(voters, more.get("idlers", []), insiders or [], rule)}


def test_the_outcome_is_the_family_s_own_at_the_same_turnout() -> None:
    voters = [Counts(0, 100), *[Counts(4)] * 20]  # 80 against 100; by roots 40 against 10
    told = by_name(voters, Majority(144, FOR_ONLY))
    assert (told["quadratic"].passes, told["quadratic"].differs) == (True, True)  # 180 * 40 / 50 = 144: just the quorum
    told = by_name(voters, Majority(145, FOR_ONLY))
    assert (told["quadratic"].passes, told["quadratic"].differs) == (False, False)
    assert by_name(voters, Approval(0, threshold_bps=8_000))["quadratic"].passes
    assert not by_name(voters, Approval(0, threshold_bps=8_001))["quadratic"].passes


def test_a_quorum_that_grows_with_against_grows_with_the_new_against() -> None:
    voters = [Counts(60), *[Counts(0, 1)] * 20]  # one address: For 80/21 of 80 cast
    rule = DynamicQuorum(100, 1_000, 9_000, 1_000_000)
    told = by_name(voters, rule)
    assert rule.passes(Counts(60, 20))
    assert (told["one_address"].passes, told["one_address"].differs) == (False, True)


def test_a_lead_of_less_than_one_unit_is_still_a_lead() -> None:
    told = by_name([Counts(5), Counts(0, 4), Counts(0, 0, 1)])  # capped at 0.2 each: a tie
    assert told["capped"].passes is False
    assert told["quadratic"].passes  # 2.236 against 2: of 10 cast 4.27 and 3.82


def test_without_insiders_their_votes_are_gone_and_the_quorum_stays() -> None:
    whale = Counts(50)
    told = by_name([whale, Counts(10), Counts(0, 8)], Majority(11, FOR_ONLY), [whale])["without_insiders"]
    assert told.for_share == pytest.approx(10 / 18)
    assert (told.passes, told.differs, told.break_even) == (False, True, None)


def test_an_outcome_that_is_not_known_differs_from_nothing() -> None:
    assert {(one.passes, one.differs) for one in by_name([Counts(5)], Unruled()).values()} == {(None, None)}
    assert {(one.passes, one.differs) for one in by_name([Counts(5)], None).values()} == {(None, None)}
    assert all(one.for_share in (1.0, None) for one in by_name([Counts(5)], None).values())


def test_the_break_even_of_a_small_vote_is_what_a_pencil_says() -> None:
    told = by_name([Counts(9), Counts(0, 4), Counts(0, 1)])
    # by weight 9/14 = 0.643; three addresses: sqrt(27) / (sqrt(27) + 3) = 0.634; four: 6 / 9
    assert told["quadratic"].break_even == 4
    assert told["one_address"].break_even == 4  # 4 / 6, three are 3 / 5
    assert told["capped"].break_even == 2 * 9 // 5 + 1  # every address counts .28, as one address does


def test_fifteen_million_in_a_hundred_addresses_count_ten_times_as_much() -> None:
    whole, parts = sums([Counts(15_000_000)]), sums([Counts(150_000)] * 100)
    assert Fraction(sum(parts.quadratic)) / sum(whole.quadratic) == pytest.approx(10)


def test_who_is_alone_has_lost_nothing() -> None:
    assert {one.break_even for one in by_name([Counts(7)]).values()} == {1, None}


@given(VOTERS.filter(lambda voters: any(parts.cast_raw for parts in voters)))
def test_the_break_even_is_the_fewest_addresses_that_give_the_share_by_weight_back(voters: list[Counts]) -> None:
    cast = sum(parts.cast_raw for parts in voters)
    weights = sorted(parts.cast_raw for parts in voters if parts.cast_raw)
    own, others = weights[-1], weights[:-1]
    told = by_name(voters)

    def share(name: str, many: int) -> float:
        def of(weight: float) -> float:
            return {"quadratic": sqrt(weight), "one_address": 1.0, "capped": min(weight, cast / CAP)}[name]

        mine = many * of(own / many)
        return mine / (mine + sum(map(of, others)))

    for name in ("quadratic", "one_address", "capped"):
        many = told[name].break_even
        assert many is not None
        assert share(name, many) >= own / cast - 1e-9
        assert many == 1 or share(name, many - 1) < own / cast + 1e-9


@given(VOTERS, rules(WEIGHT))
def test_no_electorate_and_no_rule_breaks_a_what_if(voters: list[Counts], rule: Rule) -> None:
    told = by_name(voters, rule, voters[:1])
    assert all(one.for_share is None or 0 <= one.for_share <= 1 for one in told.values())


# --- /proposal --------------------------------------------------------------------------------------------------------

ADDRESSES = [f"0x{n:040x}" for n in range(1, 40)]
VOTES = [*((who, "for", 4) for who in ADDRESSES[:10]), (ADDRESSES[10], "against", 100), (ADDRESSES[11], "against", 0)]


def ballots(votes: list[tuple[str, str, int]]) -> list[Ballot]:
    return [Ballot(who, raw * E18 * (side == "for"), raw * E18 * (side == "against"), 0) for who, side, raw in votes]


def stored(votes: list[tuple[str, str, int]]) -> list[StoredEvent]:
    return [
        StoredEvent(
            events.vote(100 + at, voter=who, support=side, weight_raw=raw * E18, for_raw=raw * E18 * (side == "for")),
            NOW_S,
        )
        for at, (who, side, raw) in enumerate(votes)
    ]


def stands(rule: Rule) -> Standing:
    return Standing(None, False, True, False, NOW_S, NOW_S, 19_000_000, rule=rule)


def said(votes: list[tuple[str, str, int]], standing: Standing | None, desk: Any = DESK) -> list[str]:
    return asyncio.run(what_ifs(UNISWAP, ballots(votes), stored(votes), standing, desk))


def test_a_proposal_says_what_each_rule_makes_of_it_and_what_splitting_gains() -> None:
    told = said(VOTES, stands(Majority(40 * E18, FOR_ONLY)))
    assert told == [
        "**What if** the same votes weighed otherwise (of For + Against)",
        "• Quadratic: **passes, which differs** · 66.7 % for, 33.3 % against",
        "• One address, one vote: **passes, which differs** · 83.3 % for, 16.7 % against",
        "• Capped at 2 % of the votes cast: **passes, which differs** · 90.9 % for, 9.1 % against",
        "• Without insiders: nobody who voted is labelled as one",
        (
            "Addresses cost nothing (Sybil): split over several, one voter counts more under the first three. The "
            "largest voter has its influence by weight back with this many addresses: 25 (quadratic), 28 (one "
            "address, one vote), 25 (capped)."
        ),
    ]


def test_proposal_and_tally_say_the_same_numbers(tmp_path: Path) -> None:
    file = tmp_path / "votes.csv"
    rows = [f"1,{side},{who},{raw},{at},0" for at, (who, side, raw) in enumerate(VOTES)]
    file.write_text("proposal,support,voter,votes,block,index\n" + "\n".join(rows))
    out = io.StringIO()
    tally(file, Options("for-only", "40"), out, as_json=True)
    shares = json.loads(out.getvalue())["what_if"]
    told = said(VOTES, stands(Majority(40 * E18, FOR_ONLY)))
    for line, key in zip(told[1:4], ("quadratic_for", "one_address_for", "capped_for"), strict=True):
        assert f"{shares[key]:.1%} for".replace("%", " %") in line


def test_insiders_are_those_whom_a_label_of_the_chain_calls_so() -> None:
    labels = tuple(
        Label.model_validate({"address": who, "name": kind, "kind": kind, "source": "a list", "chain": chain})
        for who, kind, chain in [
            (ADDRESSES[10], "investor", None),
            (ADDRESSES[0], "exchange", None),
            (ADDRESSES[1], "team", "base"),
            (ADDRESSES[11], "team", None),
        ]
    )
    settings = DESK.settings.model_copy(update={"labels": labels})
    desk = replace(DESK, settings=settings, lexicon=Lexicon(settings))
    told = said(VOTES, stands(Majority(40 * E18, FOR_ONLY)), desk)
    assert told[4] == (
        "• Without insiders (1 voter, 71.4 % of the votes cast): **passes, which differs** · 100.0 % for, 0.0 % against"
    )


def test_what_cannot_be_weighed_says_why() -> None:
    assert asyncio.run(what_ifs(UNISWAP, None, [], None, DESK)) == ["**What if** unknown: not all votes are on record"]
    odd = [Ballot(VOTER, 5, 0, 0), Ballot(ADDRESSES[0], 9, 0, 0, taken=Taken(VOTER, 6, "for"))]
    assert asyncio.run(what_ifs(UNISWAP, odd, [], None, DESK)) == [
        "**What if** unknown: a vote on record cannot be placed"
    ]
    assert said([], None) == []
    sideless = [StoredEvent(events.vote(1, support="unknown", weight_raw=5, for_raw=0), NOW_S)]
    assert asyncio.run(what_ifs(UNISWAP, [Ballot(VOTER, 0, 0, 0)], sideless, None, DESK)) == [
        "**What if** no answer: these votes have no sides that could be weighed otherwise"
    ]
    assert "outcome unknown, the chain cannot be asked right now · 66.7 % for" in said(VOTES, None)[1]
    assert "outcome unknown · 66.7 % for" in said(VOTES, stands(Unruled()))[1]


def test_a_voter_of_no_weight_whose_side_is_not_on_record_is_said_to_be_left_out() -> None:
    told = asyncio.run(what_ifs(UNISWAP, ballots(VOTES), [], None, DESK))
    assert "100.0 % for" not in told[2]
    assert told[-1].endswith("1 voter of no weight left out: their side is not on record.")


def test_many_voters_are_weighed_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    few = said(VOTES, stands(NEVER))
    monkeypatch.setattr("bot.whatif.MANY", 1)
    assert said(VOTES, stands(NEVER)) == few


def test_a_proposal_with_all_there_is_to_say_fits_one_message_whole() -> None:
    steps = [
        StoredEvent(
            events.created(
                10 + at,
                change=change,
                proposer=VOTER,
                description=HOSTILE * 9,
                targets=("0x" + "77" * 20,) * 30,
                values_wei=(10**18,) * 30,
                signatures=("transfer(address,uint256)",) * 30,
                calldatas=("0x" + "00" * 64,) * 30,
            ),
            NOW_S,
        )
        for at, change in enumerate(("created", "extended", "queued", "executed"))
    ]
    votes = [(who, "for", 10**6) for who in ADDRESSES]
    otherwise = said(votes, stands(Majority(40 * E18, FOR_ONLY)))
    card = proposal.answer(UNISWAP, 2**255, steps, stored(votes), None, None, DESK, otherwise)
    card = bend(card, evidence=("```\n" + "x" * 240 + "\n```",))
    harmless(card)
    text = "\n".join(layout.texts(card))
    assert layout.MORE not in text
    assert "Addresses cost nothing (Sybil)" in text


def test_parts_that_make_a_whole_voter_are_one() -> None:
    split = [Counts(1, 2, 0), Counts(2, 1, 0), Counts(1, 0, 6), Counts(2, 0, 5), Counts(4, 0, 3)]
    told = sums([*split, Counts(0, 5, 0)], [Counts(1, 2, 0), Counts(2, 1, 0)])
    assert told.one_address == (3, 3, 2)


@given(VOTERS)
def test_the_parts_of_voters_are_near_enough_to_exact_fractions(voters: list[Counts]) -> None:
    cast = [one for one in voters if one.cast_raw]
    for side, found in enumerate(sums(voters).one_address):
        exact = sum((Fraction(one[side], one.cast_raw) for one in cast), Fraction())
        assert abs(found - exact) < Fraction(1, 1 << 90)


def test_idle_voters_are_those_of_no_weight_at_all() -> None:
    weights = {"a": Counts(5), "b": Counts()}
    assert idle(weights, [("a", "for"), ("b", "for"), ("b", "against"), ("c", "abstain"), ("d", "unknown")]) == {
        "b": Counts(1, 1),
        "c": Counts(0, 0, 1),
    }
    assert what_if(weights.values(), [Counts(1, 1)]).one_address == pytest.approx(0.75)
