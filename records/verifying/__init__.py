"""Recomputing everything from raw rows: what `manage.py verify` runs."""
