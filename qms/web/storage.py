"""Static files under names that carry their hash, also where one of our scripts imports another."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]

IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Serve each version of a file under a name of its own, so that no browser mixes two builds.

    Only our own scripts are rewritten: packages ship some that import what only a bundler finds.
    """

    support_js_module_import_aggregation = True
    _js_module_import_aggregation_patterns = ("js/*.js", IMPORTS)
