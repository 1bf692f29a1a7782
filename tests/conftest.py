"""What every test shares: hypothesis without clocks, and the place of the recorded data."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a busy machine is not a defect: no deadlines, no complaint about slow generation
settings.register_profile("tribune", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tribune")

RECORDED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def recorded() -> Path:
    """Give the folder of recorded data, or skip with one line."""
    if not RECORDED.is_dir():
        pytest.skip("recorded data not found at ../shared/data")
    return RECORDED
