"""Rules of every family, as hypothesis draws them."""

from hypothesis import strategies as st

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
    SuperQuorum,
    Support,
    Unruled,
    YesThreshold,
)

SIDES = st.sampled_from([FOR_ONLY, frozenset({"for", "abstain"}), EVERY_SIDE])


def rules(weight: st.SearchStrategy[int], *, unknown: bool = True) -> st.SearchStrategy[Rule]:
    """Draw a rule whose quorum and supply are of the size of these weights; `unknown`: also what was not read."""
    quorum = st.none() | weight if unknown else weight
    counted = st.none() | SIDES if unknown else SIDES
    bps, ppm, pct = st.integers(0, BPS), st.integers(0, PPM - 1), st.integers(0, PCT - 1)
    known: list[st.SearchStrategy[Rule]] = [
        st.builds(Majority, quorum, counted),
        st.builds(DynamicQuorum, weight, bps, bps, st.integers(0, 3 * PPM)),
        st.builds(Approval, quorum, counted, st.none() | bps if unknown else bps),
        st.builds(Differential, weight, bps, bps),
        st.builds(YesThreshold, weight, weight),
        st.builds(Support, weight, pct, pct, st.booleans()),
        st.builds(Ratio, weight, ppm, st.none() | weight),
    ]
    if unknown:
        known.append(st.builds(Unruled, quorum, counted))
    return st.one_of(*known, st.builds(SuperQuorum, st.builds(Majority, quorum, counted), quorum))
