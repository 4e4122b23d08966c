"""Controlled records and the evidence of what happened to them (floor 1)."""
