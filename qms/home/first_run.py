"""The first run, from an installed product to a proven backup: seven steps, each of which tests itself.

Owns no state: a step is done when what it asks for is there, so whoever comes back goes on where
the installation stands. Reads, and writes one scratch file into each folder to see that it can.
Serves: 21 CFR 11.10(a); UX 4e.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse

from qms.accounts.models import RecoveryCode, RoleGrant, TotpDevice
from qms.backups.queries import newest_drill, newest_set
from qms.home.health_lines import describe_clocks, describe_migrations, describe_workers
from qms.home.system import LEAST_FREE_BYTES, describe_verification
from qms.plant.health import is_broker_ready
from qms.web.language import tell_refusal
from records.clock import now
from records.errors import Refusal
from signatures.authority import site_authority

LEAST_OFFICERS = 2
NEEDED_ROLES = ("security_officer", "qa_manager", "operator")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it asks for, what was found just now, and where to go on when it is not done."""

    title: str
    found: tuple[str, ...]
    faults: tuple[str, ...]
    place: str = ""
    place_label: str = ""

    @property
    def is_done(self) -> bool:
        """Tell whether nothing is left to do."""
        return not self.faults


def check_steps() -> list[Step]:
    """Test every step now, in their order."""
    return [
        check_administrator(),
        check_names(),
        check_authority(),
        check_storage(),
        check_backup_target(),
        check_people(),
        check_health(),
    ]


def next_step(steps: list[Step]) -> int:
    """Return the number of the first step that is not done; one more than there are when all are."""
    return next((number for number, step in enumerate(steps, 1) if not step.is_done), len(steps) + 1)


def check_administrator() -> Step:
    """See that an administrator has a second factor and recovery codes."""
    admins = RoleGrant.objects.in_force(now()).filter(role="administrator").values_list("user", flat=True)
    devices = TotpDevice.objects.filter(user__in=admins, confirmed=True, ended_at=None).count()
    codes = RecoveryCode.objects.filter(user__in=admins, used_at=None, cancelled_at=None).count()
    found = (f"{len(admins)} administrator, {devices} second factor, {codes} unused recovery codes",)
    faults = () if devices and codes else ("An administrator needs a device and recovery codes.",)
    return Step("Administrator", found, faults, reverse("accounts:profile"), "Your account")


def check_names() -> Step:
    """See that organisation, site and zone were chosen, be it UTC: they stand in certificates and on every page."""
    found = (f"{settings.ORGANISATION}, {settings.SITE_NAME}, {settings.TIME_ZONE}, {settings.SITE_URL}",)
    left = ", ".join(settings.NAMES_LEFT)
    faults = (f"Set {left}, then start again: nobody chose them yet.",) if left else ()
    return Step("Names and time zone", found, faults)


def check_authority() -> Step:
    """Sign with the site's authority, check it with its certificate, and show the fingerprint to write down."""
    title, probe = "Signing certificate of the site", secrets.token_bytes(32)
    try:
        authority = site_authority()
        signature = authority.store.sign(authority.key_name, probe)
        public = authority.certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        algorithm = hashes.SHA384() if isinstance(public.curve, ec.SECP384R1) else hashes.SHA256()
        public.verify(signature, probe, ec.ECDSA(algorithm))
    except Refusal as refusal:
        return Step(title, (), (tell_refusal(refusal),))
    except InvalidSignature:
        return Step(title, (), ("The site's key does not fit its certificate; restore KEYS_ROOT from a backup.",))
    fingerprint = authority.certificate.fingerprint(hashes.SHA256()).hex()
    until = f"{authority.certificate.not_valid_after_utc:%Y-%m-%d}"
    found = (f"SHA-256 {fingerprint}", f"valid until {until}; signed and checked a test just now")
    return Step(title, found, (), reverse("accounts:authority"), "Certificate file")


def check_storage() -> Step:
    """Write to each folder and see how much room is left."""
    folders = {"Files": settings.FILES_ROOT, "Keys": settings.KEYS_ROOT}
    folders |= {"Archive": settings.ARCHIVE.root} if settings.ARCHIVE.kind == "folder" else {}
    found, faults = [], []
    for name, folder in folders.items():
        fault = try_writing(Path(folder))
        found.append(f"{name}: {folder}")
        faults += [f"{name}: {fault}"] if fault else []
    free = shutil.disk_usage(Path(settings.FILES_ROOT)).free if not faults else 0
    found.append(f"{free / 1024**3:.1f} GiB free")
    if not faults and free < LEAST_FREE_BYTES:
        faults.append(f"Less than {LEAST_FREE_BYTES / 1024**3:.0f} GiB is free for files.")
    return Step("Storage", tuple(found), tuple(faults))


def try_writing(folder: Path) -> str:
    """Write, read back and remove a file; return what was wrong, or nothing."""
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe.write_bytes(b"countersign")
        probe.unlink()
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror})."
    return ""


def check_backup_target() -> Step:
    """See that sets can be written, that something makes them daily, and that a set exists and is proven."""
    found, faults = [f"Sets go to {settings.BACKUP.root}"], []
    if fault := try_writing(settings.BACKUP.root):
        faults.append(fault)
    if not settings.BACKUP.passphrase:
        faults.append("Set BACKUP_PASSPHRASE_FILE, and keep a copy of the passphrase off this machine.")
    if settings.BACKUP.daily_at is None:
        faults.append("Nothing backs up by itself: set BACKUP_DAILY_AT, such as 02:30, then start again.")
    else:
        found.append(f"every day at {settings.BACKUP.daily_at:%H:%M} UTC")
    newest, drill = newest_set(), newest_drill()
    faults += [] if newest else ["There is no backup yet: back up now."]
    faults += [] if drill and drill.passed else ["No restore is proven yet: run a restore drill."]
    found += [f"newest set {newest.name}"] if newest else []
    return Step("Backup", tuple(found), tuple(faults), reverse("backups:list"), "Backups")


def check_people() -> Step:
    """See that every role that the first signature needs is held by somebody."""
    held = list(RoleGrant.objects.in_force(now()).values_list("role", flat=True))
    counts = {role: held.count(role) for role in sorted(set(held))}
    found = (", ".join(f"{number} {role.replace('_', ' ')}" for role, number in counts.items()),)
    faults = [f"Nobody is {role.replace('_', ' ')} yet." for role in NEEDED_ROLES if role not in counts]
    if counts.get("security_officer", 0) < LEAST_OFFICERS:
        faults.append("Two security officers are needed, so that one can re-enrol the other.")
    return Step("People and roles", found, tuple(faults), reverse("accounts:person-list"), "People")


def check_health() -> Step:
    """See that the processes run, the clocks agree and everything was verified once."""
    lines = [
        describe_migrations(),
        describe_workers(is_broker_there=is_broker_ready()),
        describe_clocks(),
        describe_verification(),
    ]
    found = tuple(f"{line.name}: {line.value}" for line in lines if line.is_good)
    faults = tuple(f"{line.name}: {line.value}. {line.what_to_do}" for line in lines if not line.is_good)
    return Step("Health", found, faults, reverse("home:system"), "System")
