"""Reads a whole log with aics-tlog alone and prints what it found; knows nothing of Countersign.

Run by a process whose path holds that package: FOLDER LOG-KEY [--witness KEY] [--checkpoint FILE] [--older FILE].
Every tile, entry, inclusion and growth is verified by that package, from the signed checkpoint down.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import aics_tlog


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("log_key")
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--checkpoint", type=Path, help="where it does not lie in the folder under its own name")
    parser.add_argument("--older", action="append", default=[], type=Path)
    options = parser.parse_args()
    log_key = aics_tlog.parse_vkey(options.log_key)
    witnesses = [aics_tlog.parse_vkey(text) for text in options.witness]
    head = open_checkpoint(options.checkpoint or options.folder / "checkpoint", log_key, witnesses)
    files = aics_tlog.FileSystemTileReader(options.folder)
    audit = aics_tlog.audit_tiles(files, head.size, head.root)
    tiles = aics_tlog.VerifiedTileReader(files, head.size, head.root)
    entries = [tiles.entry(index) for index in range(head.size)]
    for index, entry in enumerate(entries):
        proof = aics_tlog.inclusion_proof_from_tiles(tiles, index, head.size)
        if not aics_tlog.verify_leaf_inclusion(entry, index, head.size, proof, head.root):
            sys.exit(f"entry {index} is not included")
    for path in options.older:
        older = open_checkpoint(path, log_key, [])
        proof = aics_tlog.consistency_proof_from_tiles(tiles, older.size, head.size)
        if not aics_tlog.verify_consistency(older.size, head.size, older.root, head.root, proof):
            sys.exit(f"{path.name} is of another history")
    digest = hashlib.sha256(b"".join(hashlib.sha256(entry).digest() for entry in entries)).hexdigest()
    report = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "cosignatures": head.cosignature_count,
        "tiles": audit.tiles,
        "bundles": audit.bundles,
        "entries": digest,
    }
    sys.stdout.write(json.dumps(report))


def open_checkpoint(path: Path, log_key: aics_tlog.VKey, witnesses: list[aics_tlog.VKey]):
    note = aics_tlog.parse_note(path.read_bytes())
    found = aics_tlog.verify_checkpoint(note, log_key, witnesses, quorum=len(witnesses), expected_origin=log_key.name)
    if not found.ok:
        sys.exit(f"{path.name}: {found.error or 'not enough cosignatures'}")
    return found


if __name__ == "__main__":
    main()
