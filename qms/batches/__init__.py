"""Vial inspection: products, lots, runs, reviews and dispositions."""
