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
    """Take back what a start of the bot sets up: the next test would find its log on another stream. What a bot that
    outlives the test had set up before stays.
    """
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    known = structlog.get_config() if structlog.is_configured() else None
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    structlog.reset_defaults()
    if known is not None:
        structlog.configure(**known)


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Give the folder of recorded data, or skip with one line."""
    if not RECORDED.is_dir():
        pytest.skip("recorded data not found at ../shared/data")
    return RECORDED
