"""Each test of the ledger has keys and files of its own."""

import pytest

from tests.records.ledger.sealing_stage import sealer_keys


@pytest.fixture
def store(settings, tmp_path):
    """The sealer's key store; the published keys lie beside it."""
    settings.KEYS_ROOT = tmp_path / "keys"
    settings.SEALER_KEYS_ROOT = tmp_path / "keys" / "sealer"
    settings.FILES_ROOT = tmp_path / "files"
    return sealer_keys(tmp_path)
