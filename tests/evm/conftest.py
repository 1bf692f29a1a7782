"""The EVM tests' fixtures. Without Node or its packages the tests are skipped, and the last lines say so once."""

from collections.abc import AsyncIterator

import pytest

from tests.evm.anvil import Anvil, compile_contracts, missing
from tests.evm.world import World, build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    lacks = missing()
    for item in items:
        if lacks and item.get_closest_marker("evm"):
            item.add_marker(pytest.mark.skip(reason=lacks))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lacks = missing()
    if lacks:
        terminalreporter.write_line(lacks)


@pytest.fixture(scope="session")
def compiled() -> None:
    compile_contracts()


@pytest.fixture
async def world(compiled: None) -> AsyncIterator[World]:
    async with Anvil.start() as anvil:
        yield await build(anvil)
