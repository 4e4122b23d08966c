"""The distribution's Chromium for looking at the pages of people."""

from __future__ import annotations

from tests.qms.web.conftest import browser_type_launch_args

__all__ = ["browser_type_launch_args"]
