"""What assurance tests share."""

from __future__ import annotations

import pytest


@pytest.fixture
def randomly_seeded(request: pytest.FixtureRequest) -> int:
    """Return the run's seed, which pytest prints; ``--randomly-seed=N`` repeats a run."""
    return int(getattr(request.config.option, "randomly_seed", 0) or 0)
