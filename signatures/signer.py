"""What the floor of signatures asks of a person; `qms.accounts` owns the model."""

from __future__ import annotations

from typing import Protocol


class Signer(Protocol):
    """A person who authenticates and signs."""

    @property
    def pk(self) -> int:
        """Their lasting number."""

    @property
    def username(self) -> str:
        """Their user name, folded."""

    @property
    def printed_name(self) -> str:
        """Their name as it stands under signatures."""

    @property
    def email(self) -> str:
        """Their e-mail address."""

    @property
    def password(self) -> str:
        """The hash of their password."""

    @property
    def is_active(self) -> bool:
        """Whether they may do anything at all."""
