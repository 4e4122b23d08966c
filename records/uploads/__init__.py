"""Files that people and stations send: checked before anything is believed or stored.

Owns: what kind a file truly is, whether it is safe to open, what a delivery holds.
Never does: writing records, or trusting a name, an extension or a declared size.
Entry points: ``checks.check_file`` for one file; ``deliveries.Quarantine`` for a zip or
a folder of files; ``images.make_copies`` for what browsers are shown of a picture.
"""
