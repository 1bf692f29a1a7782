"""What is kept of delegation, and which of it are acts worth weighing. Pure."""

from collections.abc import Iterator, Sequence

from watchers.event import Event
from watchers.governance.electors import tokens_on
from watchers.governance.events import Act, DelegateChange, PowerChange
from watchers.wing import Situation

Delegation = DelegateChange | PowerChange


def kept(events: Sequence[Event], at: Situation) -> list[Delegation]:
    """Keep what the tokens of daos.toml said: anybody can emit a `DelegateVotesChanged`."""
    if not any(isinstance(event, Delegation) for event in events):
        return []
    ours = tokens_on(at.settings, at.chain)
    return [event for event in events if isinstance(event, Delegation) and event.address in ours]


def delegations(events: Sequence[Event], at: Situation) -> Iterator[Act]:
    """Give each delegation that moved votes as an act: to whom, and how many votes its delegates gained by it."""
    said = kept(events, at)
    others: dict[str, int] = {}
    for event in events:
        if isinstance(event, Act):
            others[event.tx] = others.get(event.tx, 0) + 1
    for n, event in enumerate(said):
        if not isinstance(event, DelegateChange) or not event.after:
            continue
        gained = _gained(event, said[n + 1 :])
        if not gained:
            continue
        position = others.get(event.tx, 0)
        others[event.tx] = position + 1
        yield Act(
            protocol=event.protocol,
            chain_id=event.chain_id,
            block=event.block,
            tx=event.tx,
            tx_index=event.tx_index,
            log_index=event.log_index,
            address=event.address,
            position=position,
            act="delegation",
            who=event.delegator,
            whom=event.after[0] if len(event.after) == 1 else "",
            token=event.address,
            amount_raw=gained,
            before=event.before[0] if len(event.before) == 1 else "",
            detail="" if len(event.after) == 1 else f"to {len(event.after)} delegates",
        )


def _gained(change: DelegateChange, later: Sequence[Delegation]) -> int:
    """Sum up what the new delegates gained in the logs that follow, up to the token's next change of delegates."""
    gained = 0
    for event in later:
        if event.tx != change.tx:
            break
        if event.address != change.address:
            continue
        if isinstance(event, DelegateChange):
            break
        if event.delegate in change.after and event.before_raw is not None:
            gained += max(0, event.after_raw - event.before_raw)
    return gained
