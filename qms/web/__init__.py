"""The web shell in which all pages live."""
