"""Finds the texts of a template that no translator would ever see."""

from __future__ import annotations

import re

ATTRIBUTES = ("aria-label", "title", "placeholder", "alt", "data-busy", "data-say", "data-confirm")
UNREAD = re.compile(r"<(script|style|pre|code|kbd)\b.*?</\1>", re.DOTALL)
HIDDEN = (
    re.compile(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->", re.DOTALL),
    re.compile(r"\{% blocktranslate\b.*?%\}.*?\{% endblocktranslate %\}", re.DOTALL),
    re.compile(r"\{% block help_topic %\}.*?\{% endblock\b.*?%\}", re.DOTALL),  # part of an address
)
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
HTML = re.compile(r"""<!?/?[a-zA-Z](?:"[^"]*"|'[^']*'|[^>"'])*>""")
QUOTED = r"""(?P<q>["'])(?P<text>[^"']*[A-Za-z][^"']*)(?P=q)"""
SHOWN = re.compile(
    r"(?:\|(?:default|default_if_none|yesno|as_moment):"
    r"|\b(?:text|title|label|detail|action|old_name|new_name|missing)=)" + QUOTED
)
DRAWN = re.compile(r"^\{% (?:status|icon) \S+ " + QUOTED)
NAMES = frozenset({"Countersign", "SHA-256", "21 CFR"})


def find_texts(source: str) -> list[str]:
    """Return each visible text, text attribute and shown literal of a template that is not put up for translation."""
    for pattern in HIDDEN:
        source = pattern.sub(" ", source)
    found: list[str] = []
    tags: list[str] = []

    def keep(match: re.Match[str]) -> str:
        tags.append(match.group())
        return chr(0xE000 + len(tags) - 1)

    marked = TAG.sub(keep, source)
    for html in HTML.findall(marked):
        for name in ATTRIBUTES:
            value = re.search(rf"""(?<![\w-]){name}=(["'])(.*?)\1""", html)
            if value:
                found += [value.group(2), *_literals(value.group(2), tags)]
    texts = [text for text in HTML.split(UNREAD.sub(" ", marked)) if text]
    found += texts
    for text in texts:
        found += _literals(text, tags)
    return [clean for text in found if is_words(clean := " ".join(re.sub("[\ue000-\uf8ff]", " ", text).split()))]


def is_words(text: str) -> bool:
    """Tell whether a text says something, beyond signs, entities and names."""
    bare = re.sub(r"&#?\w+;", "", text)
    for name in NAMES:
        bare = bare.replace(name, "")
    return bool(re.search(r"[A-Za-z]", bare))


def _literals(text: str, tags: list[str]) -> list[str]:
    held = [tags[ord(sign) - 0xE000] for sign in re.findall("[\ue000-\uf8ff]", text)]
    return [
        match.group("text")
        for tag in held
        for match in (DRAWN if tag.startswith(("{% icon", "{% status")) else SHOWN).finditer(tag)
    ]
