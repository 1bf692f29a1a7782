"""`Rule`: how one proposal is decided, one small class per family of governor. Pure.

    class           families                        passes when
    Majority        OpenZeppelin, Bravo, Alpha      For > Against and what counts >= quorum
    Unruled         modules, execution strategies   it cannot be said; the quorum is read all the same
    Choices         Snapshot, other than For/Against  it cannot be said; all votes count toward the quorum
    DynamicQuorum   Nouns                           For > Against and For >= a quorum that grows with Against
    Approval        Agora, by proposal type         For / (For + Against) >= threshold and what counts >= quorum
    Differential    Aave v2                         For >= quorum and For - Against > differential, as shares of supply
    YesThreshold    Aave v3                         For > threshold, For >= Against, For - Against > differential
    Support         Aragon Voting (Lido, Curve)     For / (For + Against) > support and For / supply > quorum
    Ratio           Aragon OSx TokenVoting          For / (For + Against) > support and votes cast >= minimum
    SuperQuorum     OpenZeppelin, on top of another the other's rule; early once For >= super quorum

Every rule is monotone in For: one more vote for a proposal never makes it fail. With Against counted toward the quorum
(Agora, OSx) a vote against can make it pass.

Units: `_raw` base units of the voting token; `quorum` is the least weight that reaches, so `toward >= quorum` always
decides, also where a contract compares strictly. `_bps` 1/10,000; `_pct` 1/1e18; `_ppm` 1/1e6.
None: it cannot be known; of no supply no share is known. Divisions round down, as the contracts' do.
Source: OpenZeppelin `GovernorCountingSimple`, `GovernorSuperQuorum`; Compound `GovernorBravoDelegate.state`,
`GovernorAlpha.state`; Nouns `NounsDAODynamicQuorum`; Agora `OptimismGovernor._voteSucceeded`; Aave
`ProposalValidator` (v2), `GovernanceCore` (v3); Aragon `Voting._canExecute`; Aragon OSx `MajorityVotingBase`.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from watchers.governance.asks import Counts

SIDES = ("for", "against", "abstain")  # of Counts, in its order
FOR_ONLY = frozenset({"for"})
EVERY_SIDE = frozenset(SIDES)
BPS = 10_000
PPM = 1_000_000  # RATIO_BASE of Aragon OSx
PCT = 10**18  # PCT_BASE of Aragon


class Rule(Protocol):
    """How one proposal is decided."""

    @property
    def counted(self) -> frozenset[str] | None:
        """The sides that count toward the quorum; None: not known."""
        ...

    @property
    def needs(self) -> str:
        """What a proposal needs to pass, in words."""
        ...

    def quorum(self, counts: Counts) -> int | None:
        """Give the least that must count toward the quorum at these counts; None: it is not known."""
        ...

    def toward(self, counts: Counts) -> int:
        """Sum what counts toward the quorum; 0 while that is not known, and then no quorum is shown beside it."""
        ...

    def reached(self, counts: Counts) -> bool | None:
        """Tell whether the quorum is reached."""
        ...

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether the proposal would pass if voting ended now."""
        ...

    def early(self, counts: Counts) -> bool | None:
        """Tell whether it may be executed before voting ends; False for the many that never are."""
        ...


def counted_sides(mode: str) -> frozenset[str] | None:
    """Read what counts toward the quorum out of a COUNTING_MODE, or out of a plain `for,abstain`. None: not known."""
    fields = dict(part.partition("=")[::2] for part in mode.split("&")) if "=" in mode else {"quorum": mode}
    if fields.get("quorum") == "bravo":
        return FOR_ONLY
    sides = frozenset(fields.get("quorum", "").split(","))
    return sides if sides and sides <= EVERY_SIDE else None


def _words(sides: frozenset[str] | None) -> str:
    """Write `For + Abstain`."""
    return " + ".join(side.capitalize() for side in SIDES if side in (sides or ())) or "what counts (it is not known)"


def _share(value: int, of: int) -> str:
    """Write `66.7 %`, exactly: rules carry at most 18 decimals."""
    return f"{(Decimal(value) * 100 / Decimal(of)).normalize():f} %"


class _Quorate:
    """What rules share: the counted sides must reach a quorum, and voting runs to its end."""

    @property
    def counted(self) -> frozenset[str] | None:
        """For only, unless the family says otherwise."""
        return FOR_ONLY

    def quorum(self, counts: Counts) -> int | None:
        """Give the least that must count; each family says how."""
        raise NotImplementedError

    def toward(self, counts: Counts) -> int:
        """Sum what counts toward the quorum; 0 while that is not known."""
        counted = self.counted
        if counted is None:
            return 0
        in_favour, against, abstain = counts  # written out: it is asked for every vote of a million
        return in_favour * ("for" in counted) + against * ("against" in counted) + abstain * ("abstain" in counted)

    def reached(self, counts: Counts) -> bool | None:
        """Tell whether the quorum is reached."""
        quorum = self.quorum(counts)
        return None if quorum is None or self.counted is None else self.toward(counts) >= quorum

    def early(self, counts: Counts) -> bool | None:
        """Never before voting ends."""
        del counts
        return False

    def _ahead(self, counts: Counts) -> bool | None:
        """Want For > Against and the quorum; what the majority fails fails while the quorum is unknown too."""
        return self.reached(counts) if counts.for_raw > counts.against_raw else False


@dataclass(frozen=True)
class _Fixed(_Quorate):
    """A quorum fixed at the snapshot; None: it, or what counts toward it, was not read."""

    quorum_raw: int | None
    counted: frozenset[str] | None = FOR_ONLY

    def quorum(self, counts: Counts) -> int | None:
        """Give what was read."""
        del counts
        return self.quorum_raw


@dataclass(frozen=True)
class Majority(_Fixed):
    """For > Against, and the counted sides reach the quorum."""

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return f"For > Against, and {_words(self.counted)} ≥ the quorum"

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        return self._ahead(counts)


@dataclass(frozen=True)
class Unruled(_Fixed):
    """A proposal whose outcome its votes alone do not tell: a module or an execution strategy decides."""

    quorum_raw: int | None = None
    counted: frozenset[str] | None = None

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return "what its own module decides"

    def passes(self, counts: Counts) -> bool | None:
        """Give no answer."""
        del counts
        return None


@dataclass(frozen=True)
class Choices(_Fixed):
    """A vote among choices that are neither for nor against, whose weight is kept as if it abstained."""

    counted: frozenset[str] | None = EVERY_SIDE

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return "nothing that can be told: its choices are not For and Against"

    def passes(self, counts: Counts) -> bool | None:
        """Give no answer."""
        del counts
        return None


@dataclass(frozen=True)
class DynamicQuorum(_Quorate):
    """Nouns: the quorum grows with the votes against. `coefficient` is the contract's, six decimals."""

    supply_raw: int
    min_quorum_bps: int
    max_quorum_bps: int
    coefficient: int

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return "For > Against, and For ≥ a quorum that grows with Against"

    def quorum(self, counts: Counts) -> int | None:
        """Give the quorum at these votes against."""
        if not self.supply_raw:
            return None
        against_bps = counts.against_raw * BPS // self.supply_raw
        grown = self.min_quorum_bps + self.coefficient * against_bps // PPM
        return min(self.max_quorum_bps, grown) * self.supply_raw // BPS

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        return self._ahead(counts)


@dataclass(frozen=True)
class Approval(_Fixed):
    """Agora: a proposal's type sets the share of For that it needs; None: it was not read."""

    counted: frozenset[str] | None = EVERY_SIDE
    threshold_bps: int | None = None

    @property
    def needs(self) -> str:
        """Say what it needs."""
        least = "the threshold of its type" if self.threshold_bps is None else _share(self.threshold_bps, BPS)
        return f"For ≥ {least} of For + Against, and {_words(self.counted)} ≥ the quorum"

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        decisive = counts.for_raw + counts.against_raw
        if self.threshold_bps is None:
            return None if decisive else False
        if not decisive and self.threshold_bps:
            return False
        return self.reached(counts) if counts.for_raw * BPS >= self.threshold_bps * decisive else False


@dataclass(frozen=True)
class Differential(_Quorate):
    """Aave v2: quorum and lead are shares of the voting supply, not of the votes cast."""

    supply_raw: int
    quorum_bps: int
    differential_bps: int

    @property
    def needs(self) -> str:
        """Say what it needs."""
        lead, least = _share(self.differential_bps, BPS), _share(self.quorum_bps, BPS)
        return f"For ≥ {least} of the supply, and more than {lead} of it ahead of Against"

    def quorum(self, counts: Counts) -> int | None:
        """Give the least For."""
        del counts
        return self.supply_raw * self.quorum_bps // BPS if self.supply_raw else None

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        if not self.supply_raw:
            return None
        in_favour, against = (raw * BPS // self.supply_raw for raw in (counts.for_raw, counts.against_raw))
        return self.reached(counts) if in_favour > against + self.differential_bps else False


@dataclass(frozen=True)
class YesThreshold(_Quorate):
    """Aave v3: For above a threshold, and ahead of Against by more than a differential, both absolute."""

    threshold_raw: int
    differential_raw: int

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return "For > the threshold, and more than the differential ahead of Against"

    def quorum(self, counts: Counts) -> int | None:
        """Give the least For: one unit above the threshold."""
        del counts
        return self.threshold_raw + 1

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        lead = counts.for_raw - counts.against_raw
        return self.reached(counts) if lead >= 0 and lead > self.differential_raw else False


@dataclass(frozen=True)
class Support(_Quorate):
    """Aragon Voting: strictly more than a share of the votes cast and than a share of all power. The stock app, not the
    forks of Lido and Curve (`executes_early`), also passes once that share of all power is For.
    """

    supply_raw: int
    support_pct: int
    quorum_pct: int
    executes_early: bool = False

    @property
    def needs(self) -> str:
        """Say what it needs."""
        support, least = _share(self.support_pct, PCT), _share(self.quorum_pct, PCT)
        return f"For > {support} of For + Against, and For > {least} of all voting power"

    def quorum(self, counts: Counts) -> int | None:
        """Give the least For whose share, rounded down as the contract does, is above the quorum."""
        del counts
        return -(-((self.quorum_pct + 1) * self.supply_raw) // PCT) if self.supply_raw else None

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        if self.early(counts):
            return True
        supported = _above(counts.for_raw, counts.for_raw + counts.against_raw, self.support_pct)
        return self.reached(counts) if supported else False

    def early(self, counts: Counts) -> bool | None:
        """Tell whether nobody's later vote can take the support away."""
        return self.executes_early and _above(counts.for_raw, self.supply_raw, self.support_pct)


def _above(value: int, total: int, pct: int) -> bool:
    return bool(total) and value * PCT // total > pct


@dataclass(frozen=True)
class Ratio(_Quorate):
    """Aragon OSx: strictly more For than the ratio of For + Against, and a least turnout of every side. `supply_raw` is
    set in the mode EarlyExecution, in which it passes once the rest of the supply could not undo it.
    """

    minimum_raw: int
    support_ppm: int
    supply_raw: int | None = None

    @property
    def counted(self) -> frozenset[str] | None:
        """All votes cast."""
        return EVERY_SIDE

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return f"For > {_share(self.support_ppm, PPM)} of For + Against, and votes cast ≥ the minimum"

    def quorum(self, counts: Counts) -> int | None:
        """Give the least turnout."""
        del counts
        return self.minimum_raw

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now."""
        return self.reached(counts) if self._supported(counts.for_raw, counts.against_raw) else False

    def early(self, counts: Counts) -> bool | None:
        """Tell whether it holds even if all that have not voted vote against."""
        if self.supply_raw is None:
            return False
        worst = max(self.supply_raw - counts.for_raw - counts.abstain_raw, counts.against_raw)
        return self._supported(counts.for_raw, worst) and bool(self.reached(counts))

    def _supported(self, in_favour: int, against: int) -> bool:
        return (PPM - self.support_ppm) * in_favour > self.support_ppm * against


@dataclass(frozen=True)
class SuperQuorum(_Quorate):
    """Another rule with a super quorum of For, at which OpenZeppelin's extension ends voting at once."""

    rule: Rule
    super_quorum_raw: int | None

    @property
    def counted(self) -> frozenset[str] | None:
        """As the other rule."""
        return self.rule.counted

    @property
    def needs(self) -> str:
        """Say what it needs."""
        return f"{self.rule.needs}; at once when For ≥ the super quorum"

    def quorum(self, counts: Counts) -> int | None:
        """As the other rule."""
        return self.rule.quorum(counts)

    def passes(self, counts: Counts) -> bool | None:
        """Tell whether it would pass now, at once or at the end."""
        return True if self.early(counts) else self.rule.passes(counts)

    def early(self, counts: Counts) -> bool | None:
        """Tell whether it has ended early: For is ahead and reaches the super quorum."""
        if counts.for_raw <= counts.against_raw:
            return False
        return None if self.super_quorum_raw is None else counts.for_raw >= self.super_quorum_raw
