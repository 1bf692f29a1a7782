"""The golden logs that say "emitted on anvil" are what the contracts emit: byte by byte, block hash included."""

import json
from typing import Any

import pytest

from tests.evm.golden import EMITTED, GOLDEN, play

pytestmark = pytest.mark.evm


def shipped() -> list[tuple[str, dict[str, Any]]]:
    return [
        (file.stem, case)
        for file in sorted(GOLDEN.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))
        if case["source"].startswith(EMITTED)
    ]


@pytest.mark.usefixtures("compiled")
async def test_the_contracts_emit_the_golden_logs_and_they_mean_what_was_sent() -> None:
    played = [(case.protocol, case.written()) for case in await play()]
    assert sorted(played, key=lambda each: each[0]) == shipped()
