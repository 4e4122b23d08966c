"""Shipping sealed events as JSON to a log service outside: a copy for watching, never the record.

Owns the shapes, the two transports and the order. Events leave in the order of the ledger, each at
least once: the mark moves only after the receiver confirmed, so a dying shipper or receiver causes
repeats (same leaf index), never a gap. Never does: sending what is not sealed, or session keys.
Entry points: ``pending.ship_pending``, ``opening.open_sink``.
"""
