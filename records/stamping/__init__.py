"""Time stamps of an outside authority (RFC 3161): asked for, judged, kept.

What is stamped is a checkpoint's note as it is stored: the log's own signed note, without the
witness's co-signatures, which are kept beside it. So the stamp and the witness can each be
late or fail without the other, and the stamped bytes never change.
"""
