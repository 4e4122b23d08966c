"""Which file names are safe to keep and show, and how to show the others.

Pure; a name is never used as a path on our disk, but people read it, exports carry it
and other systems unpack it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from records.errors_files import UploadNameUnsafe

MAX_NAME: Final = 200
MAX_DEPTH: Final = 4

#: Categories that hide, reorder or break text: controls, formats (bidi, zero width),
#: surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|\Z)", re.IGNORECASE)
_FORBIDDEN: Final = frozenset('<>:"|?*\\')
#: Files that systems put into folders and zips by themselves.
_SYSTEM_FILES: Final = frozenset({".ds_store", "thumbs.db", "desktop.ini"})


def check_name(name: str) -> str:
    """Return a file's relative name, composed (NFC). Raises: UploadNameUnsafe."""
    why = _fault(name)
    if why:
        raise UploadNameUnsafe(name=show_name(name), why=why)
    return unicodedata.normalize("NFC", name)


def fold_name(name: str) -> str:
    """Return the form in which two names are the same to a person or another system."""
    return unicodedata.normalize("NFKC", name).casefold()


def show_name(name: str) -> str:
    """Return a name as safe text: hidden characters spelt out, shortened in the middle."""
    shown = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in name[:1000])
    return shown if len(shown) <= 120 else f"{shown[:80]}…{shown[-36:]}"


def is_system_file(name: str) -> bool:
    """Tell whether a file is one that an operating system adds by itself."""
    parts = name.split("/")
    return "__MACOSX" in parts[:-1] or parts[-1].casefold() in _SYSTEM_FILES


def _fault(name: str) -> str:
    if not name or len(name) > MAX_NAME or len(name.encode("utf-8", "replace")) > MAX_NAME * 2:
        return f"it is empty or longer than {MAX_NAME} characters"
    if any(unicodedata.category(char) in _HIDDEN for char in name):
        return "it holds hidden or control characters"
    if _FORBIDDEN & set(name):
        return 'it holds one of < > : " | ? * \\'
    parts = name.split("/")
    if "" in parts or "." in parts or ".." in parts:
        return "it leads out of the delivery or names a folder oddly"
    if len(parts) > MAX_DEPTH:
        return f"it lies more than {MAX_DEPTH - 1} folders deep"
    if any(part.startswith((" ", "~")) or part.endswith((" ", ".")) for part in parts):
        return "a part begins with a space or ~, or ends with a space or dot"
    if any(_RESERVED.match(part) for part in parts):
        return "some systems keep this name for devices"
    return ""
