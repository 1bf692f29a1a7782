"""The traps of governance: what the protocols do that a simple reading gets wrong, one test each."""

from typing import Any

import msgspec
import pytest

from config.settings import load
from tests.electorate import (
    END,
    KEY,
    NOW_S,
    OTHER,
    START,
    TOKEN,
    WHALE,
    W,
    change,
    dao,
    judged,
    only,
    situation,
)
from tests.electorate import vote as _vote
from tests.families import GOVERNOR, aragon, golden, read, said
from watchers.abi import encode_words, shape_of
from watchers.chain.block import Log
from watchers.decode import Decoder
from watchers.facts import Ask
from watchers.governance.asks import CountingMode, Counts, GovernorTimes, QuorumAt, QuorumOf, Supply, Times
from watchers.governance.desk import desks
from watchers.governance.events import ProposalChange, Vote
from watchers.governance.getters import BornHead, BornNumber, Head, HeadTimes, Number
from watchers.governance.protocols import aave_v2, aave_v3_voting, nouns, osx_token_voting, snapshot_x
from watchers.governance.protocols.oz_governor import VoteCast
from watchers.governance.rules import Ratio, SuperQuorum, Unruled
from watchers.governance.wing import wing
from watchers.wing import Ballot, Taken


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (VoteCast, nouns.ForkVoteCast),
        (aave_v2.VoteEmitted, aave_v3_voting.MachineVoteEmitted),
        (osx_token_voting.OsxVoteCast, snapshot_x.SpaceVoteCast),
    ],
)
def test_trap_1_the_same_topic_with_other_indexed_parameters_is_another_event(one: type, other: type) -> None:
    assert shape_of(one).topic0 == shape_of(other).topic0
    assert shape_of(one).key != shape_of(other).key
    (plain,) = read("aave_v2", "vote for")
    (indexed,) = read("aave_v3_voting", "vote against, all indexed")
    assert isinstance(plain, Vote)
    assert isinstance(indexed, Vote)
    assert (plain.support, indexed.support) == ("for", "against")


def test_trap_2_the_quorum_is_read_at_the_snapshot_and_by_id_where_agora_counts() -> None:
    oz, agora = wing.families["oz_governor"], wing.families["agora"]
    assert oz.quorum(*KEY, Times(START, END)) == QuorumAt(GOVERNOR, START)
    assert oz.quorum(*KEY, None) is None
    assert agora.quorum(*KEY, Times(START, END)) == QuorumOf(GOVERNOR, 7)


def test_trap_2_a_quorum_that_reverts_leaves_the_outcome_unknown() -> None:
    facts: dict[Ask[Any], Any] = {
        GovernorTimes(*KEY): Times(START, END),
        QuorumAt(GOVERNOR, START): None,
        CountingMode(GOVERNOR): "support=bravo&quorum=for,abstain",
        Supply(TOKEN, START): 10_000 * W,
    }
    (seen,) = said(situation(facts, [], of=dao(protocol="oz_governor")), _vote("for", 5_000))
    assert seen.after.quorum_raw is None
    assert seen.after.passes is None


def test_trap_3_a_fractional_voter_votes_several_times_and_is_one_voter() -> None:
    votes = read("oz_governor", "fractional, three parts", "fractional, a part of what is left")
    assert [isinstance(v, Vote) and v.replaces for v in votes] == [False, False]
    at = situation(ballots=[Ballot(WHALE, 30 * W, 0, 0), Ballot(WHALE, 30 * W, 0, 0)])
    _, seen = only(judged(at, _vote("for", 70)))
    assert (seen.after.voters, seen.after.for_raw) == (1, 130 * W)


def test_trap_3_parts_beside_support_0_are_parts_for_scopelift_alone() -> None:
    (split,) = read("flexible_voting", "parts beside support 0")
    assert isinstance(split, Vote)
    assert (split.for_raw, split.against_raw, split.abstain_raw) == (3 * W, W, W)
    log = msgspec.convert(golden("flexible_voting", "parts beside support 0")["log"], Log)
    (plain,) = Decoder(wing.protocols).decode(1, [log]).events
    assert isinstance(plain, Vote)
    assert (plain.support, plain.against_raw) == ("against", 5 * W)


def test_trap_4_an_override_takes_weight_off_the_delegate_in_the_same_breath() -> None:
    (override,) = read("oz_governor", "override, weight taken off the delegate")
    assert isinstance(override, Vote)
    assert override.taken is not None
    assert (override.taken.raw, override.taken.side) == (300 * W, "for")
    at = situation(ballots=[Ballot(WHALE, 1_000 * W, 0, 0)])
    _, seen = only(judged(at, _vote("against", 300, voter=OTHER, taken=Taken(WHALE, 300 * W, "for"))))
    assert (seen.before.for_raw, seen.after.for_raw, seen.after.against_raw) == (1_000 * W, 700 * W, 300 * W)
    assert (seen.before.passes, seen.after.passes, seen.flips) == (True, False, "failing")


def test_trap_4_rocket_pools_override_comes_before_the_vote_and_finds_the_delegates_side() -> None:
    case = golden("rocket_pool", "direction 3")
    cast = msgspec.convert(case["log"], Log)
    topic = shape_of(wing_shape("rocket_pool", "ProposalVoteOverridden")).topic0
    words = [f"0x{7:064x}", f"0x{OTHER[2:]:0>64}", cast.topics[2]]
    data = "0x" + encode_words(("uint256", "uint256"), (5 * W, 99)).hex()
    before = msgspec.structs.replace(cast, topics=(topic, *words), data=data, log_index="0x2")
    decoder = Decoder(wing.protocols, {(1, cast.address): "rocket_pool"})
    (found,) = decoder.decode(1, [before, cast]).events
    assert isinstance(found, Vote)
    assert found.taken == Taken(OTHER, 5 * W)
    at = situation(ballots=[Ballot(OTHER, 0, 0, 900 * W), Ballot("0x03", 900 * W, 0, 0)])
    _, seen = only(judged(at, _vote("for", 300, taken=Taken(OTHER, 300 * W))))
    assert (seen.after.abstain_raw, seen.after.for_raw) == (600 * W, 1_200 * W)


def wing_shape(protocol: str, name: str) -> type:
    (found,) = [s for p in wing.protocols if p.name == protocol for s in p.handlers if s.__name__ == name]
    return found


def test_trap_4_a_vote_again_takes_the_place_of_the_earlier_one() -> None:
    at = situation(
        aragon(), [Ballot(WHALE, 9_000 * W, 0, 0, replaces=True)], of=dao(protocol="lido", clock="timestamp")
    )
    _, seen = only(judged(at, _vote("against", 9_000, replaces=True)))
    assert (seen.before.for_raw, seen.after.for_raw, seen.after.against_raw) == (9_000 * W, 0, 9_000 * W)
    assert (seen.flips, seen.after.voters) == ("failing", 1)


def test_trap_4_a_vote_said_again_is_not_told_again() -> None:
    at = situation(
        aragon(), [Ballot(WHALE, 9_000 * W, 0, 0, replaces=True)], of=dao(protocol="lido", clock="timestamp")
    )
    assert judged(at, _vote("for", 9_000, replaces=True)) == []


def test_trap_4_more_taken_than_was_cast_leaves_the_outcome_unknown() -> None:
    at = situation(ballots=[Ballot(WHALE, 100 * W, 0, 0)])
    (seen,) = said(at, _vote("for", 2_000, voter=OTHER, taken=Taken(WHALE, 101 * W, "for")))
    assert seen.after.passes is None


def test_trap_4_a_vote_again_beside_the_contracts_sums_leaves_the_outcome_unknown() -> None:
    facts = aragon(yea=9_000) | {wing.families["lido"].votes(*KEY): Counts(9_000 * W)}
    (seen,) = said(
        situation(facts, None, of=dao(protocol="lido", clock="timestamp")), _vote("against", 9_000, replaces=True)
    )
    assert (seen.before.passes, seen.after.passes) == (True, None)


def test_trap_5_a_vote_of_no_weight_pages_nobody() -> None:
    assert judged(situation(), _vote("for", 0)) == []
    assert judged(situation(), _vote("for", 0, replaces=True)) == []


@pytest.mark.parametrize(("protocol", "name"), [("nouns", "objection period"), ("agora", "deadline moved")])
def test_trap_6_the_deadline_moves(protocol: str, name: str) -> None:
    (moved,) = read(protocol, name)
    assert isinstance(moved, ProposalChange)
    assert moved.change == "extended"
    assert moved.end_clock > 0


def test_trap_6_lidos_objection_is_not_a_second_vote() -> None:
    cast = msgspec.convert(golden("lido", "vote nay")["log"], Log)
    objection = msgspec.structs.replace(
        cast,
        topics=("0xfa539989fcfb5d8fa8c97a1102d1777a34c3543f0725fb8ab66109619bb9de18", *cast.topics[1:]),
        data="0x" + encode_words(("uint256",), (5 * W,)).hex(),
        log_index="0x4",
    )
    decoded = Decoder(wing.protocols, {(1, cast.address): "lido"}).decode(1, [cast, objection])
    assert [type(event) for event in decoded.events] == [Vote]
    assert decoded.unknown == 1


def test_trap_7_a_super_quorum_ends_voting_early() -> None:
    facts: dict[Ask[Any], Any] = {
        GovernorTimes(*KEY): Times(START, END),
        QuorumAt(GOVERNOR, START): 10_000 * W,
        CountingMode(GOVERNOR): "support=bravo&quorum=for,abstain",
        Number(GOVERNOR, "superQuorum(uint256)", (START,)): 500 * W,
        Supply(TOKEN, START): 100_000 * W,
    }
    at = situation(facts, [], of=dao(protocol="oz_governor"))
    (desk,) = desks([_vote("for", 600)], at, wing.families).values()
    assert isinstance(desk.rule, SuperQuorum)
    (seen,) = said(at, _vote("for", 600))
    assert seen.flips == "passing"


def test_trap_7_osx_in_its_early_mode_knows_all_power() -> None:
    head = Head(GOVERNOR, "getProposal(uint256)", (7,), 11)
    answer = (1, 0, 1, 500_000, NOW_S - 9, NOW_S + 9, 900, 100 * W, 0, 0, 0)
    facts: dict[Ask[Any], Any] = {
        HeadTimes(head, 4, 5): Times(NOW_S - 9, NOW_S + 9),
        BornHead(head, alive=5): answer,
        BornNumber(Number(GOVERNOR, "totalVotingPower(uint256)", (900,))): 1_000 * W,
    }
    of = dao(protocol="osx_token_voting", clock="timestamp")
    (desk,) = desks([_vote("for", 600)], situation(facts, [], of=of), wing.families).values()
    assert desk.rule == Ratio(100 * W, 500_000, 1_000 * W)
    assert desk.supply_raw == 1_000 * W
    approval = facts | {Number(GOVERNOR, "minApproval()"): 100_000}
    (desk,) = desks([_vote("for", 600)], situation(approval, [], of=of), wing.families).values()
    assert isinstance(desk.rule, Unruled)


def test_trap_7_aaves_result_is_bridged_back_with_the_final_sums() -> None:
    (closed,) = read("aave_v3_voting", "result sent")
    (queued,) = read("aave_v3", "queued with the result")
    assert isinstance(closed, ProposalChange)
    assert isinstance(queued, ProposalChange)
    assert (closed.change, queued.change) == ("closed", "queued")
    assert closed.final_raw == queued.final_raw == (9 * W, W, 0)
    (alert,) = judged(
        situation({}, None, of=dao(protocol="aave_v3", clock="timestamp")), change("queued", final_raw=(9 * W, W, 0))
    )
    facts: Any = alert.facts
    assert (facts.tally.for_raw, facts.tally.against_raw) == (9 * W, W)


def test_trap_8_arbitrums_governors_count_blocks_of_ethereum() -> None:
    of = dao(clock="l1_block")
    assert {d.clock for d in load(environ={}, dotenv=None).daos.values() if d.chain == "arbitrum"} == {"l1_block"}
    _, early = only(
        judged(situation(ballots=[Ballot(OTHER, 900 * W, 0, 0)], of=of, l1=hex(START + 1)), _vote("for", 150))
    )
    _, late = only(judged(situation(ballots=[Ballot(OTHER, 900 * W, 0, 0)], of=of, l1=hex(END - 1)), _vote("for", 150)))
    assert early.ends_at_s is not None
    assert late.ends_at_s is not None
    assert early.ends_at_s - late.ends_at_s == (END - START - 2) * 12


def test_trap_9_curves_split_vote_is_two_parts_of_one_voter_and_its_stake_is_what_counted() -> None:
    at = situation(aragon(), [], of=dao(protocol="curve_dao", clock="timestamp"))
    parts = (_vote("for", 40_000, position=0), _vote("against", 20_000, position=1))
    *_, seen = said(at, *parts)
    assert (seen.after.for_raw, seen.after.against_raw, seen.after.voters) == (40_000 * W, 20_000 * W, 1)
    (started,) = read("curve_dao", "started, seven arguments")
    assert isinstance(started, ProposalChange)
    assert started.change == "created"


def test_trap_11_a_noun_is_one_vote() -> None:
    daos = load(environ={}, dotenv=None).daos
    assert (daos["nouns"].decimals, daos["lil-nouns"].decimals) == (0, 0)


def test_trap_12_a_number_means_another_proposal_in_each_governor() -> None:
    daos = load(environ={}, dotenv=None).daos
    governors = {daos[key].governor for key in ("uniswap-alpha", "uniswap-alpha-2", "uniswap")}
    assert len(governors) == 3
    other = _vote("for", 500, address="0x" + "61" * 20)
    assert judged(situation(), other) == []


def test_trap_14_alligators_own_log_is_no_vote_and_the_governors_names_the_voter() -> None:
    cast = msgspec.convert(golden("agora", "vote with a module's params")["log"], Log)
    alligator = msgspec.structs.replace(
        cast,
        address="0x" + "a9" * 20,
        topics=("0xf155d545bf480c6d3cdc5d24c9f9364e30d161c58059bcced24aa6e5e3738eb8", cast.topics[1]),
        log_index="0x0",
    )
    decoded = Decoder(wing.protocols, {(10, cast.address): "agora"}).decode(10, [alligator, cast])
    assert [isinstance(event, Vote) and event.voter for event in decoded.events] == ["0x" + cast.topics[1][-40:]]


@pytest.mark.parametrize(
    "topic",
    [
        "0x651cc9d78606507fdcfc4f37ec37a744d612b1d8f5a73564190577c4f0edb0b6",  # VoteCastWithClientId
        "0xfabef36fd46c4c3a6ad676521be5367a4dfdbf3faa68d8e826003b1752d68f4f",  # RefundableVote
        "0xd9d12651716feaac10e3b79bd2960ad42ebfd84969b71a2e226ec99972a8712e",  # ProposalCreatedWithRequirements
        "0x6af0134faa0f9290c1d686d55012aca80302d31d5c856e4bc7954f7613dc7f87",  # the same of the first versions
    ],
)
def test_what_nouns_says_twice_is_read_once(topic: str) -> None:
    assert topic not in Decoder(wing.protocols).topics
