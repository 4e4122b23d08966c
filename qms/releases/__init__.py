"""Model versions and their release."""
