"""One line of the system page, and its three grades. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the installation: its value now, its limit, whether that is good, and what to do.

    ``is_near`` marks a good line that is close to its limit.
    """

    name: str
    value: str
    is_good: bool
    what_to_do: str = ""
    limit: str = ""
    is_near: bool = False

    @property
    def grade(self) -> str:
        """Return ``failing``, ``near`` its limit, or ``good``."""
        if not self.is_good:
            return "failing"
        return "near" if self.is_near else "good"

    @property
    def shows_advice(self) -> bool:
        """Tell whether the reader should do something."""
        return self.grade != "good" and bool(self.what_to_do)

    def as_dict(self) -> dict[str, str]:
        """Return the line as monitoring reads it."""
        advice = self.what_to_do if self.shows_advice else ""
        return {"name": self.name, "value": self.value, "limit": self.limit, "grade": self.grade, "advice": advice}
