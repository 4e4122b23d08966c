"""The demonstration plant's page of one-time codes and files to try. Off everywhere else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import Http404

from qms.accounts import codes
from qms.accounts.models import TotpDevice
from qms.accounts.roles import ROLES
from qms.accounts.seeds import open_seed
from records.clock import now

PASSWORD_FILE = "password.txt"  # noqa: S105  the name of a file
DELIVERIES = "*.zip"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One made-up person and the code their device shows now."""

    username: str
    printed_name: str
    job_title: str
    roles: str
    code: str
    seconds_left: int


def is_demo() -> bool:
    """Tell whether this is a demonstration plant, which `qms.settings` keeps on loopback."""
    return bool(settings.DEMO)


def demo_folder() -> Path:
    """Return where the demonstration keeps its password and the deliveries to import."""
    return Path(settings.VAR) / "demo"


def demo_password() -> str:
    """Return the password of everybody in the demonstration; empty before it is made."""
    path = demo_folder() / PASSWORD_FILE
    return path.read_text(encoding="utf-8") if path.exists() else ""


def demo_files() -> list[str]:
    """Return the names of the deliveries to import."""
    return sorted(path.name for path in demo_folder().glob(DELIVERIES))


def find_demo_file(name: str) -> Path:
    """Return a delivery by name, on a demonstration plant only; 404 for any other name."""
    if not is_demo() or name not in demo_files():
        raise Http404
    return demo_folder() / name


def demo_codes() -> list[DemoPerson]:
    """Return everybody's present code, by name."""
    at = now()
    devices = TotpDevice.objects.filter(confirmed=True, user__is_active=True).select_related("user")
    return [_show(device, at) for device in devices.order_by("user__printed_name")]


def _show(device: TotpDevice, at: dt.datetime) -> DemoPerson:
    step = device.clock.step_at(at)
    return DemoPerson(
        username=device.user.username,
        printed_name=device.user.printed_name,
        job_title=device.user.job_title,
        roles=", ".join(sorted(ROLES[role] for role in device.user.held_roles())),
        code=codes.code_of(open_seed(bytes(device.seed), user_id=device.user_id), step),
        seconds_left=max(1, int((device.clock.starts_at(step + 1) - at).total_seconds())),
    )
