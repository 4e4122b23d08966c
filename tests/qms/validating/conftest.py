"""The desk of the validation floor's tests, for the pages over it."""

from tests.validation.conftest import desk, shared_desk  # noqa: F401  fixtures
