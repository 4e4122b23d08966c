"""A small kind of controlled record that exists only in tests."""
