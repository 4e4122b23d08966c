"""The sealed ledger: every event a leaf of one Merkle tree, its roots signed and witnessed.

Owns: the tree (``merkle``), its signed heads (``notes``, ``checkpoints``), its public files
(``tiles``) and the talk with a witness (``witnessing``), all of them pure.
Never does: changing an event, or believing a stored hash.
Serves: 21 CFR 11.10(a), 11.10(c), 11.10(e).
"""
