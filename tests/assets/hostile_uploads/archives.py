"""Hostile zips and hostile names, alone and inside a zip."""

from __future__ import annotations

import io
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from tests.assets.hostile_uploads.case import Case
from tests.assets.hostile_uploads.pictures import SCRIPT, picture

PNG = picture("PNG")

NAMES = {
    "up": "../vial.png",
    "up-deep": "lot/../../../etc/cron.d/vial.png",
    "up-at-end": "lot/..",
    "root": "/etc/passwd.png",
    "drive": "C:/windows/vial.png",
    "backslash": "..\\..\\vial.png",
    "share": "\\\\server\\share\\vial.png",
    "dot": "./vial.png",
    "double-slash": "lot//vial.png",
    "nul": "vial.exe\0.png",
    "newline": "vial\n.png",
    "carriage-return": "vial\r\nSet-Cookie: a=b.png",
    "escape-code": "vial\x1b[31m.png",
    "delete": "vial\x7f.png",
    "c1-control": "vial\x9b.png",
    "right-to-left": "vial\u202egnp.exe.png",
    "isolate": "vial\u2066.png",
    "arabic-mark": "vial\u061c.png",
    "zero-width": "vi\u200bal.png",
    "soft-hyphen": "vi\u00adal.png",
    "byte-order-mark": "\ufeffvial.png",
    "line-separator": "vial\u2028.png",
    "private-use": "vial\ue000.png",
    "unassigned": "vial\U000e0fff.png",
    "tag-characters": "vial\U000e0041.png",
    "long": "v" * 300 + ".png",
    "deep": "a/b/c/d/e/vial.png",
    "device-con": "con.png",
    "device-nul": "lot/NUL.png",
    "device-com1": "COM1.png",
    "stream": "vial.png:hidden",
    "wildcard": "vial*.png",
    "quote": 'vial".png',
    "script": "<script>.png",
    "pipe": "vial|id.png",
    "trailing-dot": "vial.png.",
    "trailing-space": "vial.png ",
    "leading-space": " vial.png",
    "home": "~root/vial.png",
}


def packed(files: Sequence[tuple[str | zipfile.ZipInfo, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip; names go in exactly as given."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as zipped:
        warnings.simplefilter("ignore", UserWarning)  # names that repeat are meant
        for name, content in files:
            entry = name if isinstance(name, zipfile.ZipInfo) else raw_entry(name)
            zipped.writestr(entry, content, method)
    return buffer.getvalue()


def raw_entry(name: str, *, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    """Return an entry whose name Python does not clean."""
    entry = zipfile.ZipInfo("x", date_time=(2026, 1, 1, 0, 0, 0))
    entry.filename = name
    entry.external_attr = mode << 16
    entry.create_system = 3
    return entry


def central_at(content: bytes) -> int:
    """Return where a zip's directory begins."""
    return int(struct.unpack_from("<L", content, content.rfind(b"PK\x05\x06") + 16)[0])


def patch(content: bytes, at: int, value: bytes) -> bytes:
    """Return the bytes with some replaced."""
    return content[:at] + value + content[at + len(value) :]


def names() -> Iterator[Case]:
    for label, name in NAMES.items():
        yield Case(f"name-{label}", "file", name, PNG, "name_unsafe")
        content = packed([("good.png", PNG), (name, picture("PNG", (32, 32)))])
        yield Case(f"zip-name-{label}", "zip", "lot.zip", content, "name_unsafe")
    twice = {
        "exact": ("vial.png", "vial.png"),
        "case": ("vial.png", "VIAL.PNG"),
        "composed": ("vi\u00e1l.png", "via\u0301l.png"),
        "full-width": ("vial.png", "ｖial.png"),
        "sharp-s": ("straße.png", "STRASSE.png"),
    }
    for label, (one, other) in twice.items():
        content = packed([(raw_entry(one), PNG), (raw_entry(other), picture("PNG", (32, 32)))])
        yield Case(f"zip-twice-{label}", "zip", "lot.zip", content, "name_repeated")


def entries() -> Iterator[Case]:
    links = {
        "symlink": stat.S_IFLNK,
        "fifo": stat.S_IFIFO,
        "device": stat.S_IFCHR,
        "block": stat.S_IFBLK,
        "socket": stat.S_IFSOCK,
    }
    for label, mode in links.items():
        content = packed([(raw_entry("vial.png", mode=mode | 0o777), b"/etc/passwd")])
        yield Case(f"zip-{label}", "zip", "lot.zip", content, "entry_not_file")
    content = packed([(raw_entry("folder/"), b"hidden in a folder")])
    yield Case("zip-folder-with-data", "zip", "lot.zip", content, "entry_not_file")
    inner = packed([("vial.png", PNG)])
    for label, name in (("zip", "inner.zip"), ("zip-as-png", "vial.png"), ("docx", "report.docx"), ("jar", "a.jar")):
        yield Case(f"zip-in-zip-{label}", "zip", "lot.zip", packed([(name, inner)]), "nested_archive")
    bomb = packed([("0", bytes(10_000_000))])
    for _ in range(4):
        bomb = packed([(f"{number}.zip", bomb) for number in range(10)])
    yield Case("zip-nested-bomb", "zip", "lot.zip", bomb, "nested_archive")
    for label, name, body in (
        ("html", "index.html", SCRIPT),
        ("svg", "vial.svg", b"<svg/>"),
        ("program", "setup.exe", b"MZ" + bytes(99)),
    ):
        yield Case(f"zip-holds-{label}", "zip", "lot.zip", packed([(name, body)]), "type_not_allowed")
    yield Case("zip-holds-empty-file", "zip", "lot.zip", packed([("vial.png", b"")]), "empty")
    for label, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        yield Case(f"zip-{label}", "zip", "lot.zip", packed([("vial.png", PNG)], method=method), "entry_unreadable")
    good = packed([("vial.png", PNG)])
    directory = central_at(good)
    both = patch(patch(good, 6, b"\x01\0"), directory + 8, b"\x01\0")
    yield Case("zip-encrypted", "zip", "lot.zip", both, "entry_encrypted")
    strong = patch(patch(good, 6, b"\x41\0"), directory + 8, b"\x41\0")
    yield Case("zip-strongly-encrypted", "zip", "lot.zip", strong, "entry_encrypted")
    aes = patch(patch(both, 8, b"\x63\0"), directory + 10, b"\x63\0")
    yield Case("zip-aes-encrypted", "zip", "lot.zip", aes, "entry_encrypted")
    yield Case("zip-wrong-checksum", "zip", "lot.zip", patch(good, directory + 16, b"\1\2\3\4"), "entry_unreadable")
    yield Case("zip-declares-less", "zip", "lot.zip", patch(good, directory + 24, b"\x10\0\0\0"), "entry_unreadable")
    yield Case("zip-declares-more", "zip", "lot.zip", patch(good, directory + 24, b"\0\0\x10\0"), "entry_unreadable")
    middle = 30 + len("vial.png") + 20
    yield Case("zip-damaged-data", "zip", "lot.zip", patch(good, middle, b"\xff" * 12), "entry_unreadable")
    other = patch(good, 30, b"evil.exe")
    yield Case("zip-two-names-for-one", "zip", "lot.zip", other, "entry_unreadable")


def bombs() -> Iterator[Case]:
    zeros = bytes(1_000_000)
    for label, size in (("100-megabytes", 100), ("1-gigabyte", 1_000)):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = b"".join(packer.compress(zeros) for _ in range(size)) + packer.flush()
        crc = 0
        for _ in range(size):
            crc = zlib.crc32(zeros, crc)
        content = one_entry(b"vial.png", data, crc=crc, size=size * 1_000_000)
        yield Case(f"zip-bomb-{label}", "zip", "lot.zip", content, "archive_ratio")
        lying = one_entry(b"vial.csv", data, crc=crc, size=1_000)
        yield Case(f"zip-bomb-lies-{label}", "zip", "lot.zip", lying, "entry_unreadable")
    many = packed([(f"{number}.csv", zeros) for number in range(100)])
    yield Case("zip-bomb-of-many", "zip", "lot.zip", many, "archive_ratio")
    big = packed([("vial.png", PNG + bytes(26_000_000))], method=zipfile.ZIP_STORED)
    yield Case("zip-entry-of-26-megabytes", "zip", "lot.zip", big, "too_large")
    entry = packed([("a", b"")])
    count = 60_000
    local, central = entry[: central_at(entry)], entry[central_at(entry) : entry.rfind(b"PK\x05\x06")]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(central) * count, len(local) * count, 0)
    yield Case("zip-60000-files", "zip", "lot.zip", local * count + central * count + end, "archive_too_many_files")
    kernel = packed([("a.png", zeros)])
    at = central_at(kernel)
    record = kernel[at : kernel.rfind(b"PK\x05\x06")]
    same = b"".join(record[:46] + b"%04d." % number + record[51:] for number in range(500))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(same), at, 0)
    yield Case("zip-500-names-for-one-kernel", "zip", "lot.zip", kernel[:at] + same + end, "archive_damaged")


def one_entry(name: bytes, data: bytes, *, crc: int, size: int) -> bytes:
    """Return a zip of one deflated entry from its packed bytes."""
    common = struct.pack("<HHHHHLLLHH", 20, 0, 8, 0, 0x5A21, crc, len(data), size, len(name), 0)
    local = b"PK\x03\x04" + common + name + data
    central = (
        b"PK\x01\x02" + struct.pack("<H", 0x0314) + common + struct.pack("<HHHLL", 0, 0, 0, 0o100644 << 16, 0) + name
    )
    return local + central + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def structures() -> Iterator[Case]:
    damaged = "archive_damaged"
    good = packed([("vial.png", PNG), ("other.png", picture("PNG", (32, 32)))])
    end, directory = good.rfind(b"PK\x05\x06"), central_at(good)
    broken = {
        "empty": b"",
        "text": b"this is not a zip",
        "signature-only": b"PK\x03\x04",
        "half": good[: len(good) // 2],
        "no-directory": good[:directory],
        "after-jpeg": picture("JPEG") + good,
        "after-program": b"MZ" + bytes(500) + good,
        "then-html": good + b"<html>" + SCRIPT,
        "then-another": good + good,
        "comment-with-end": good[:-2] + b"\x30\0" + b"PK\x05\x06" + bytes(44),
        "counts-one": patch(patch(good, end + 8, b"\1\0"), end + 10, b"\1\0"),
        "counts-three": patch(patch(good, end + 8, b"\3\0"), end + 10, b"\3\0"),
        "counts-differ": patch(good, end + 8, b"\1\0"),
        "zip64": patch(patch(good, end + 8, b"\xff\xff"), end + 10, b"\xff\xff"),
        "zip64-offset": patch(good, end + 16, b"\xff\xff\xff\xff"),
        "second-disk": patch(good, end + 4, b"\1\0"),
        "offset-wrong": patch(good, end + 16, b"\1\0\0\0"),
        "directory-huge": patch(good, end + 12, b"\xff\xff\xff\x7f"),
        "gap-inside": good[:directory]
        + bytes(50)
        + patch(good[directory:], end - directory + 16, struct.pack("<L", directory + 50)),
        "entry-inside-entry": patch(good, good.rfind(b"PK\x01\x02") + 42, b"\1\0\0\0"),
        "same-entry-twice": patch(good, good.rfind(b"PK\x01\x02") + 42, b"\0\0\0\0"),
        "flags-contradict": patch(good, 6, b"\1\0"),
        "directory-noise": patch(good, directory, b"\xff" * 46),
        "gzip": b"\x1f\x8b\x08" + bytes(60),
        "rar": b"Rar!\x1a\x07\x00" + bytes(60),
        "seven-zip": b"7z\xbc\xaf\x27\x1c" + bytes(60),
    }
    for label, content in broken.items():
        yield Case(f"zip-{label}", "zip", "lot.zip", content, damaged)
    yield Case("zip-of-nothing", "zip", "lot.zip", b"PK\x05\x06" + bytes(18), "delivery_empty")
    folders = packed([(raw_entry("a/", mode=stat.S_IFDIR | 0o755), b"")])
    yield Case("zip-of-folders", "zip", "lot.zip", folders, "delivery_empty")


def all_archives() -> Iterator[Case]:
    for group in (names, entries, bombs, structures):
        yield from group()
