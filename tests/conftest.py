"""What every test shares: hypothesis without clocks, logs as they were, and the place of the recorded data."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

# a busy machine is not a defect: no deadlines, no complaint about slow generation
settings.register_profile("tribune", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tribune")

RECORDED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Take back what a start of the bot sets up: the next test would find its log on another stream."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Give the folder of recorded data, or skip with one line."""
    if not RECORDED.is_dir():
        pytest.skip("recorded data not found at ../shared/data")
    return RECORDED
