"""The write-once archive of checkpoints, ledger tiles, signed versions and their signatures.

Owns what is archived under which name and for how long. Never does: replacing or deleting an
object, shortening a retention, or reading a key from anywhere but the settings.
Entry points: ``opening.open_archive``, ``archiving``, ``comparing.find_archive_differences``.
"""
