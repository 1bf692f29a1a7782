"""`Hand`: a protocol that tells what insiders do: who is paid, who is in charge, what is switched.

Anybody can emit these events, so a hand is read only of contracts that the operator's files name, and what it moves is
told only in tokens that they name.
"""

from collections.abc import Callable

from watchers.decode import Protocol
from watchers.facts import Ask
from watchers.governance.events import Act
from watchers.governance.getters import Head


class Hand(Protocol):
    """A protocol of this wing. `token` asks what an act paid in where its log does not say, the token's address in the
    first word; `amount` asks how much an act is about, in base units, None while what it must be asked with is unknown.
    `pays_itself`: a token among these contracts pays out of itself. `claimed`: see `decode.Protocol`.
    """

    def __init__(
        self,
        name: str,
        *,
        token: Callable[[Act], Head] | None = None,
        amount: Callable[[Act], Ask[int] | None] | None = None,
        pays_itself: bool = True,
        claimed: bool = False,
    ) -> None:
        super().__init__(name, vouched=True, claimed=claimed)
        self.token, self.amount, self.pays_itself = token, amount, pays_itself


def own_token(act: Act) -> Head:
    """Ask a contract for the one token that it pays in; most of them call it `token()`."""
    return Head(act.address, "token()")
