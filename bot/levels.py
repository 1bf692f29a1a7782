"""What `/power` says of one level (holders, delegates, voters of a proposal): every measure with its sentence.

A level is told briefly beside the two others, or whole by itself. Units: `_raw` base units of the token; shares 0..1.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import log
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from bot.cards import figures
from bot.cards.escape import symbol
from bot.desk import Desk
from bot.rows import counted
from config.settings import Dao
from watchers.delegates import DAY_S, Snapshot
from watchers.governance.electors import UNDELEGATED

if TYPE_CHECKING:
    from watchers.governance.census import Census

Name = Literal["holders", "delegates", "voters"]
NAMES: tuple[Name, ...] = get_args(Name)
CHANGE_D = 30
NEAR_D = 7  # a snapshot that is so much older than 30 days serves where one of that very day is missing
SHOWN_OUT = 5
NAMED = 3  # of the largest, beside the other levels; a level by itself names all that its census does
SHOWN_CLASSES = 5
EXACT = 1e-6  # what rounding may cost an index that is counted to the end

# why no book of one token tells the delegates, by how the governor is read
_UNKEPT = {
    **dict.fromkeys(("lido", "aragon"), "none: its holders are the voters, and who votes for one votes in its name"),
    "curve_dao": "none: votes are locks that wane, and cannot be given; who locked how much is not kept",
    **dict.fromkeys(("maker_chief", "sky_chief"), "none: votes are what is locked in the chief; who did is not kept"),
    **dict.fromkeys(
        ("aave_v2", "aave_v3", "aave_v3_voting"), "unknown: not kept, since staked tokens vote as well as the token"
    ),
}


def unkept(dao: Dao) -> str:
    """Say why there is no book of a DAO's delegates."""
    if dao.protocol in UNDELEGATED:
        return _UNKEPT[dao.protocol]
    return "unknown: daos.toml names no token_start_block, so no book of delegates is kept"


class Level(NamedTuple):
    """Who holds what. `census` None: nobody holds anything, or it is not known; `why` says which. `out` is who is left
    out with what, `whole_raw` what their shares are of. `said` are lines of this level alone, `then` what it measured
    before, `since` where that was; `kept` are its days.
    """

    name: Name
    title: str
    census: "Census | None" = None
    why: str = ""
    quorum_raw: int | None = None
    threshold_raw: int | None = None
    out: Mapping[str, int] = {}
    whole_raw: int = 0
    said: tuple[str, ...] = ()
    time_s: int = 0
    then: Snapshot | None = None
    since: str = ""
    kept: Sequence[Snapshot] = ()


def before(kept: Sequence[Snapshot], time_s: int) -> Snapshot | None:
    """Give the snapshot of 30 days ago, or of the days before where that one is missing."""
    day = time_s // DAY_S - CHANGE_D
    old = [snapshot for snapshot in kept if day - NEAR_D <= snapshot.day <= day]
    return max(old, key=lambda snapshot: snapshot.day, default=None)


def headline(level: Level) -> str:
    """Say how few decide."""
    if level.census is None:
        return "Who decides: unknown"
    k = level.census.measures.nakamoto
    of = {"holders": "of what is held", "delegates": "of the votes", "voters": "of the votes cast"}[level.name]
    return f"{counted(k, level.name[:-1])} {'has' if k == 1 else 'have'} more than half {of}"


def briefly(level: Level, dao: Dao, desk: Desk, *, linked: bool = True) -> list[str]:
    """Say the most important of a level, beside the others; `linked` False: addresses without their links."""
    census = level.census
    if census is None:
        return _unknown(level, dao, desk, linked=linked)
    return [
        *_head(level, dao, census),
        _gini(level, census),
        _nakamoto(level, census),
        *_reached(level, dao, census),
        _largest(level, census),
        _who(census, dao, desk, NAMED, linked=linked),
        *_out(level, dao, desk, linked=linked),
    ]


def wholly(level: Level, dao: Dao, desk: Desk, *, linked: bool = True) -> list[str]:
    """Say everything that is measured of a level."""
    census = level.census
    if census is None:
        return _unknown(level, dao, desk, linked=linked)
    return [
        *_head(level, dao, census),
        _gini(level, census),
        *_concentration(level, census),
        _nakamoto(level, census),
        *_reached(level, dao, census),
        _largest(level, census),
        _who(census, dao, desk, len(census.largest), linked=linked),
        f"• **Largest hundredth {_part(census.measures.top_1pct)}**, tenth {_part(census.measures.top_10pct)} of all",
        *_entropy(level, census),
        *_game(census),
        *_out(level, dao, desk, linked=linked),
        _changes(level),
    ]


def _unknown(level: Level, dao: Dao, desk: Desk, *, linked: bool) -> list[str]:
    return [f"{level.title}{level.why}", *(_out(level, dao, desk, linked=linked) if level.out else ())]


def _head(level: Level, dao: Dao, census: "Census") -> list[str]:
    m = census.measures
    told = f"{figures.amount(m.total, dao.decimals)} {symbol(dao.symbol)}"
    who = f": {counted(m.n, 'voter')} with" if level.name == "voters" else f" {m.n:,} with"
    return [f"{level.title}{who} {told} together", *level.said]


def _gini(level: Level, census: "Census") -> str:
    gini = census.measures.gini
    return (
        f"• **Gini {gini:.3f}**{_moved(level, gini, 'gini')}: 0 when all have the same, towards 1 when one has "
        "everything"
    )


def _concentration(level: Level, census: "Census") -> list[str]:
    m = census.measures
    return [
        (
            f"• **HHI {m.hhi:.4f}**{_moved(level, m.hhi, 'hhi', 4)}: how likely two votes are one owner's; above 0.25 "
            "is highly concentrated"
        ),
        f"• **Effective number {m.effective_number:,.1f}**: as concentrated as so many equal {level.name}",
    ]


def _nakamoto(level: Level, census: "Census") -> str:
    k = census.measures.nakamoto
    moved = _moved(level, k, "nakamoto", 0)
    return f"• **Nakamoto {k:,}**{moved}: so many of the largest have more than half"


def _reached(level: Level, dao: Dao, census: "Census") -> list[str]:
    if not dao.protocol:
        return []  # a token that no governor counts
    quorum, threshold = level.quorum_raw, level.threshold_raw
    alone = "would reach it alone" if level.name == "holders" else "reach it alone"
    return [
        _reach(level, "To the quorum", census.to_quorum, quorum, dao, alone),
        _reach(level, "To propose", census.to_threshold, threshold, dao, "may propose, together at least"),
    ]


def _reach(level: Level, what: str, count: int | None, amount_raw: int | None, dao: Dao, does: str) -> str:
    if amount_raw is None:
        return f"• **{what}** unknown: the governor was not asked or does not tell"
    amount = f"{figures.amount(amount_raw, dao.decimals)} {symbol(dao.symbol)}"
    if not amount_raw:
        return f"• **{what}** none needed"
    if count is None:
        return f"• **{what}** all {level.name} together have less than {amount}"
    return f"• **{what} {count:,}**: so many of the largest {does} ({amount})"


def _largest(level: Level, census: "Census") -> str:
    m = census.measures
    of = {"holders": "all that counts", "delegates": "all delegated votes", "voters": "all votes cast"}[level.name]
    return (
        f"• **Largest {_part(m.top1)}**{_moved(level, m.top1 * 100, 'top1', 1)}, ten largest "
        f"{_part(m.top10)}{_moved(level, m.top10 * 100, 'top10', 1)} of {of}"
    )


def _who(census: "Census", dao: Dao, desk: Desk, most: int, *, linked: bool) -> str:
    """Say who the largest are, each with its share of the level."""
    chain_id, m = desk.settings.chains[dao.chain].id, census.measures
    named = [
        f"{desk.lexicon.who(chain_id, who, linked=linked)} {figures.percent(Decimal(raw) / m.total)}"
        for who, raw in census.largest[:most]
    ]
    return f"• **Who** {', '.join(named)}{f', and {m.n - len(named):,} more' if m.n > len(named) else ''}"


def _entropy(level: Level, census: "Census") -> list[str]:
    m, split = census.measures, census.classes
    least = f"{m.min_entropy_bits:.2f} bits**{_moved(level, m.min_entropy_bits, 'min_entropy_bits', 2)}"
    classes = ", ".join(f"{one.name} {_part(one.share)} ({one.n:,})" for one in split.classes[:SHOWN_CLASSES])
    more = len(split.classes) - SHOWN_CLASSES
    return [
        (
            f"• **Shannon {m.shannon_bits:.2f} bits**{_moved(level, m.shannon_bits, 'shannon_bits', 2)}: as hard to "
            f"guess who has a vote as among {2**m.shannon_bits:,.1f} equals"
        ),
        f"• **Min-entropy {least}: by the largest alone, as among {2**m.min_entropy_bits:,.1f} equals",
        (
            f"• **Theil {m.theil:.2f}**{_moved(level, m.theil, 'theil', 2)} of at most {log(m.n):.2f}, more is more "
            f"unequal: {split.within:.2f} lies within classes of labels, {split.between:.2f} between them"
        ),
        f"• **Classes** {classes}{f', and {more} more' if more > 0 else ''}",
    ]


def _game(census: "Census") -> list[str]:
    game = census.game
    part = "unknown" if game.banzhaf is None else _part(game.banzhaf) + _doubt(game.banzhaf_error)
    return [
        (
            f"• **Banzhaf {part}** for the largest, with {_part(game.largest)} of the votes: how often it turns the "
            f"outcome when each of the {game.players} largest ({_part(game.share)} of all) says yes or no by chance "
            "and more than half of theirs wins"
        ),
        (
            f"• **Shapley-Shubik {_part(game.shapley_shubik)}{_doubt(game.shapley_error)}** for the same one: how "
            "often it is the one that turns it when they join in any order"
        ),
    ]


def _doubt(error: float) -> str:
    """Say what an index may be wrong by."""
    return " (exact)" if error < EXACT else f" (within {error * 100:.2g} points)"


def _out(level: Level, dao: Dao, desk: Desk, *, linked: bool) -> list[str]:
    if level.name == "voters":
        return ["**Left out** nobody: who voted, counts"]
    if not level.out:
        who = level.name[:-1]
        return [f"**Left out** nobody: no {who} is the DAO's own contract, burnt, or labelled as holding for others"]
    chain_id = desk.settings.chains[dao.chain].id
    rows = sorted(level.out.items(), key=lambda pair: -pair[1])
    said = [
        f"{desk.lexicon.who(chain_id, who, linked=linked)} {figures.amount(raw, dao.decimals)}"
        f" ({figures.percent(Decimal(raw) / level.whole_raw)})"
        for who, raw in rows[:SHOWN_OUT]
    ]
    more = f", and {len(rows) - SHOWN_OUT} more" if len(rows) > SHOWN_OUT else ""
    return [f"**Left out** {', '.join(said)}{more}"]


def _part(share: float) -> str:
    return figures.percent(Decimal(share))


def _days(level: Level) -> int:
    return level.time_s // DAY_S - level.then.day if level.then is not None else 0


def _moved(level: Level, now: float, name: str, digits: int = 3) -> str:
    """Say what a measure moved by; of a share in points of a hundred."""
    was = getattr(level.then, name) if level.then is not None else None
    if was is None:
        return ""
    was, unit = (was * 100, " points") if name.startswith("top") else (was, "")
    return f" ({now - was:+,.{digits}f}{unit} in {_days(level)} days)"


def _changes(level: Level) -> str:
    if level.then is not None:
        return f"Changes are those since {level.since}"
    lacking = "no proposal on record" if level.name == "voters" else "no snapshot"
    return f"Change over {CHANGE_D} days: unknown, {lacking} is that old"
