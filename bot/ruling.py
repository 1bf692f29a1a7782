"""The pass rules that `python -m bot tally` knows by name, made of the numbers of its options.

    name                for a proposal to pass                                      options beside --quorum
    for-only, bravo     For > Against and For >= quorum
    for-abstain         For > Against and For + Abstain >= quorum
    every-side          For > Against and For + Against + Abstain >= quorum
    agora               For / (For + Against) >= support and all three >= quorum    --support-required
    aragon              For / (For + Against) > support and For > quorum            --support-required --supply
    aragon-osx          For / (For + Against) > support and all three >= quorum     --support-required
    aave-v2             For >= quorum and For - Against > lead                      --lead --supply
    aave-v3             For > quorum and For - Against > lead, For >= Against       --lead
    nouns               For > Against and For >= a quorum that grows with Against   no --quorum, but --supply,
                        --quorum-min-bps, --quorum-max-bps, --quorum-coefficient

With --early the two Aragons also pass as soon as the votes that are missing cannot undo it; it needs --supply.
With --replace, which goes with every rule, a voter's later vote stands in the place of all its earlier ones.

Units: --quorum, --supply and --lead are votes, as in the file; --support-required is a share, 0..1; of nouns the least
and the greatest quorum are basis points of the supply, the coefficient is the contract's: 1,000,000 adds one basis
point of quorum for each basis point of the supply that is against.
Errors: UserError that names the option.
"""

from collections.abc import Callable
from typing import NamedTuple

from bot.sheet import Exact, exact
from watchers.errors import UserError
from watchers.governance.rules import (
    BPS,
    EVERY_SIDE,
    FOR_ONLY,
    PCT,
    PPM,
    Approval,
    Differential,
    DynamicQuorum,
    Majority,
    Ratio,
    Rule,
    Support,
    YesThreshold,
)

_VOTES = ("quorum", "supply", "lead")
_CURVE = ("quorum_min_bps", "quorum_max_bps", "quorum_coefficient")
COEFFICIENT_BITS = 32  # uint32 of `DynamicQuorumParams`


class Options(NamedTuple):
    """The options as they were written; None: not given."""

    rule: str
    quorum: str | None = None
    supply: str | None = None
    support_required: str | None = None
    lead: str | None = None
    early: bool = False
    quorum_min_bps: str | None = None
    quorum_max_bps: str | None = None
    quorum_coefficient: str | None = None
    replace: bool = False


class Ruling:
    """A rule by name, its numbers read and checked; raises UserError. `places` is their finest decimal."""

    def __init__(self, options: Options) -> None:
        make, asked = _RULES[options.rule]
        if options.early and options.rule not in ("aragon", "aragon-osx"):
            raise UserError(f"--early: goes with aragon and aragon-osx; leave it out for {options.rule}")
        needed = {*asked, *(("supply",) if options.early else ())}
        self._early, self._make, self._read = options.early, make, dict[str, Exact]()
        for name in (*_VOTES, "support_required", *_CURVE):
            text = getattr(options, name)
            flag = "--" + name.replace("_", "-")
            if text is None and name in needed:
                raise UserError(f"{flag}: is needed by --rule {options.rule}{' --early' * options.early}")
            if text is not None and name not in needed:
                raise UserError(f"{flag}: says nothing to --rule {options.rule}; leave it out")
            if text is not None:
                self._read[name] = _number(flag, text)
        self.places = max(number.places for name, number in self._read.items() if name in _VOTES)
        if self._read.get("supply", Exact(1, 0)).units == 0:
            raise UserError("--supply: is 0; give all votes that there are")
        self.rule(self.places)

    def rule(self, places: int) -> Rule:
        """Make the rule for weights counted in units of so many decimals, at least its own."""
        return self._make(self, places)

    def votes(self, name: str, places: int) -> int:
        """Give an option that is a number of votes."""
        return self._read[name].at(places)

    def supply(self, places: int) -> int | None:
        """Give the supply where voting may end early, which alone needs it."""
        return self.votes("supply", places) if self._early else None

    def support(self, of: int) -> int:
        """Give the support that is required in parts of `of`, exactly."""
        number = self._read["support_required"]
        parts, rest = divmod(number.units * of, int(10**number.places))
        if rest or parts >= of:
            raise UserError(f"--support-required: is no share that this rule can hold; give 0 to below 1, in 1/{of:,}")
        return parts

    def bps_of_supply(self, name: str, places: int) -> int:
        """Give votes as the basis points of the supply that come to exactly so many, rounded down as the chain does."""
        wanted, supply = self.votes(name, places), self.votes("supply", places)
        bps = -(-wanted * BPS // supply)
        if supply * bps // BPS != wanted:
            raise UserError(f"--{name}: is no whole number of basis points of --supply, which is how Aave v2 holds it")
        return bps

    def curve(self, supply: int) -> DynamicQuorum:
        """Give the quorum that grows with the votes against, its numbers checked as Nouns checks them."""
        least, most, coefficient = (self._whole(name) for name in _CURVE)
        if not least <= most <= BPS:
            raise UserError(f"--quorum-max-bps: is {most:,}; give --quorum-min-bps ({least:,}) or more, to {BPS:,}")
        if coefficient >> COEFFICIENT_BITS:
            raise UserError(
                f"--quorum-coefficient: does not fit the contract's {COEFFICIENT_BITS} bits; 1,000,000 is 1"
            )
        return DynamicQuorum(supply, least, most, coefficient)

    def _whole(self, name: str) -> int:
        number = self._read[name]
        if number.places:
            raise UserError(f"--{name.replace('_', '-')}: is not a whole number; write it as the contract holds it")
        return number.units

    def is_early(self) -> bool:
        """Tell whether voting may end early."""
        return self._early


def _number(flag: str, text: str) -> Exact:
    found = exact(text)
    if found is None:
        raise UserError(f"{flag}: {text[:40]!r} is not a number; write 0 or more, like 40000000 or 0.5")
    return found


def _aragon(given: Ruling, places: int) -> Rule:
    supply = given.votes("supply", places)
    least = given.votes("quorum", places) * PCT // supply
    return Support(supply, given.support(PCT), least, given.is_early())


Make = Callable[[Ruling, int], Rule]
_FOR_ONLY: tuple[Make, tuple[str, ...]] = (lambda of, at: Majority(of.votes("quorum", at), FOR_ONLY), ("quorum",))
_RULES: dict[str, tuple[Make, tuple[str, ...]]] = {
    "for-only": _FOR_ONLY,
    "bravo": _FOR_ONLY,
    "for-abstain": (lambda of, at: Majority(of.votes("quorum", at), frozenset({"for", "abstain"})), ("quorum",)),
    "every-side": (lambda of, at: Majority(of.votes("quorum", at), EVERY_SIDE), ("quorum",)),
    "agora": (
        lambda of, at: Approval(of.votes("quorum", at), threshold_bps=of.support(BPS)),
        ("quorum", "support_required"),
    ),
    "aragon": (_aragon, ("quorum", "support_required", "supply")),
    "aragon-osx": (
        lambda of, at: Ratio(of.votes("quorum", at), of.support(PPM), of.supply(at)),
        ("quorum", "support_required"),
    ),
    "aave-v2": (
        lambda of, at: Differential(
            of.votes("supply", at), of.bps_of_supply("quorum", at), of.bps_of_supply("lead", at)
        ),
        ("quorum", "lead", "supply"),
    ),
    "aave-v3": (lambda of, at: YesThreshold(of.votes("quorum", at), of.votes("lead", at)), ("quorum", "lead")),
    "nouns": (lambda of, at: of.curve(of.votes("supply", at)), ("supply", *_CURVE)),
}
