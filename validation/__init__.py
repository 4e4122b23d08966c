"""Proof that a system does what it claims (floor 3)."""
