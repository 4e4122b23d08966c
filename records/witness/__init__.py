"""The witness: a small process of its own that cosigns only a ledger which grows.

Owns: its key, the last checkpoint of each log, the rule (``keeping``), the door (``serving``).
Never does: knowing an event, a person or the database; it imports no Django and needs no
network but its own port. What it cosigned is on the disk before the cosignature leaves.
Run: ``python -m records.witness --state FILE --key FILE --log VERIFIER_KEY``.
Serves: 21 CFR 11.10(a), 11.10(e).
"""
