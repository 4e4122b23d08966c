"""Backup sets, restore and drills."""
