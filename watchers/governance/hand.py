"""`Hand`: a protocol that tells what insiders do: who is paid, who is in charge, what is switched.

Anybody can emit these events, so a hand is read only of contracts that the operator's files name, and what it moves is
told only in tokens that they name.
"""

from collections.abc import Callable

from watchers.decode import Protocol
from watchers.governance.events import Act
from watchers.governance.getters import Head, Number


class Hand(Protocol):
    """A protocol of this wing. `token` asks what an act paid in where its log does not say, the token's address in the
    first word; `amount` asks how much an act is about, in base units.
    """

    def __init__(
        self,
        name: str,
        *,
        token: Callable[[Act], Head] | None = None,
        amount: Callable[[Act], Number] | None = None,
    ) -> None:
        super().__init__(name, vouched=True)
        self.token, self.amount = token, amount


def own_token(act: Act) -> Head:
    """Ask a contract for the one token that it pays in; most of them call it `token()`."""
    return Head(act.address, "token()")
