"""What Discord says when it refuses a request: an HTTP status and its own code.

Source: discord-api-docs `topics/opcodes-and-status-codes.mdx` and `reference.mdx`, "Error Messages".
"""

from typing import Final

from sandbox.discord.state import Json

Problem = tuple[str, str, str]
"""Where (a dotted path), Discord's word for it, and the sentence."""

UNKNOWN: Final[dict[str, int]] = {
    "application": 10002,
    "channel": 10003,
    "guild": 10004,
    "member": 10007,
    "message": 10008,
    "role": 10011,
    "user": 10013,
    "webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
}


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault of ours
    """A request that is answered with an error."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(f"{status} {code} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Json:
        """Draw the error as Discord does."""
        drawn: Json = {"message": self.message, "code": self.code}
        if self.errors is not None:
            drawn["errors"] = self.errors
        return drawn


def unknown(noun: str) -> Refusal:
    """Say that a thing is not there: 404 with the code of that thing."""
    return Refusal(404, UNKNOWN[noun], f"Unknown {noun.title()}")


def unauthorized() -> Refusal:
    """Say that the token is wrong."""
    return Refusal(401, 0, "401: Unauthorized")


def missing_access() -> Refusal:
    """Say that the bot cannot see the channel."""
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """Say that the bot sees the channel and may not do this there."""
    return Refusal(403, 50013, "Missing Permissions")


def invalid(problems: list[Problem]) -> Refusal:
    """Say what is wrong in a body, in the nested shape of code 50035."""
    tree: Json = {}
    for where, word, sentence in problems:
        node = tree
        for part in where.split(".") if where else ():
            node = node.setdefault(part, {})
        node.setdefault("_errors", []).append({"code": word, "message": sentence})
    return Refusal(400, 50035, "Invalid Form Body", tree)
