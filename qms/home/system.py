"""How the installation stands, line by line: value, limit, what to do. Reads only."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection

from qms.home.health_lines import find_kept_parts, find_running_parts
from qms.home.lines import Line
from qms.web.language import tell_refusal
from records.checks import find_guard_faults
from records.clock import now
from records.errors import Refusal
from records.ledger.lag import measure_lag
from records.models import OutboxItem
from records.models_ledger import Checkpoint, CheckpointCosignature
from records.stamping.checkpoints import last_stamp
from records.stamping.lateness import measure_lateness
from records.vault import open_store
from records.verifying.results import last_result

LEAST_FREE_BYTES = 2 * 1024**3
MOST_WAITING = 50
WITNESS_MINUTES = 10
VERIFY_HOURS = 36  # one night may be missed, not two


def describe_system() -> list[Line]:
    """Return every line, the failing ones first, then those near their limit."""
    return sorted(find_lines(), key=lambda line: ("failing", "near", "good").index(line.grade))


def find_lines() -> Iterator[Line]:
    """Yield each line as it stands now."""
    yield Line("Software", settings.BUILD, is_good=True)
    yield describe_database()
    yield from find_running_parts()
    faults = find_guard_faults()
    yield Line(
        "Database guards",
        "as declared"
        if not faults
        else f"{len(faults)} not as declared, first: {faults[0].guard} of {faults[0].table}",
        not faults,
        "Run `manage.py verify` and call the quality unit before anything else.",
    )
    yield describe_keys()
    yield describe_space()
    waiting = OutboxItem.objects.filter(done_at=None).count()
    yield Line(
        "Promised work waiting",
        f"{waiting}",
        waiting <= MOST_WAITING,
        "Look whether the worker runs; its log names the error.",
        f"{MOST_WAITING}",
    )
    failed = OutboxItem.objects.filter(done_at=None, attempts__gte=3).order_by("id").first()
    yield Line(
        "Work that failed repeatedly",
        failed.last_error if failed else "none",
        failed is None,
        "Mend the cause; it is tried again by itself.",
    )
    yield describe_sealing()
    yield describe_witness()
    yield describe_stamps()
    yield describe_verification()
    yield from find_kept_parts()


def describe_space() -> Line:
    """Say how much room is left for files."""
    free = shutil.disk_usage(Path(settings.FILES_ROOT).parent).free
    return Line(
        "Free space for files",
        f"{free / 1024**3:.1f} GiB",
        free > LEAST_FREE_BYTES,
        "Add space before importing more lots.",
        f"{LEAST_FREE_BYTES / 1024**3:.0f} GiB",
        free < 2 * LEAST_FREE_BYTES,
    )


def describe_database() -> Line:
    """Say which PostgreSQL serves and whether it is the embedded one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('synchronous_commit'), current_user")
        version, commits, role = cursor.fetchone()
    kind = "embedded: for evaluation, demonstration and pilots" if settings.IS_EMBEDDED else "external"
    return Line(
        "Database",
        f"PostgreSQL {version} ({kind}), as {role}",
        commits == "on",
        "Set synchronous_commit = on: a confirmed signature must survive a crash.",
    )


def describe_keys() -> Line:
    """Say where keys and secrets are kept, and whether they can be used now."""
    if settings.VAULT is None:
        return Line("Keys and secrets", "files under KEYS_ROOT", is_good=True)
    address = settings.VAULT.address
    try:
        minutes = open_store(settings.VAULT).session.seconds_left() // 60
    except Refusal as refusal:
        return Line("Keys and secrets", f"Vault at {address}", is_good=False, what_to_do=tell_refusal(refusal))
    return Line(
        "Keys and secrets", f"Vault at {address}, answers; token for {minutes:.0f} min, renewed by itself", is_good=True
    )


def describe_stamps() -> Line:
    """Say which checkpoint an outside authority has time-stamped last, and whether that is too long ago."""
    stamp, lateness = last_stamp(), measure_lateness()
    if stamp is None:
        value = "none yet" if settings.TSA_URL else "not configured (TSA_URL)"
    else:
        value = f"{stamp.stamped_at:%Y-%m-%d %H:%M:%S} UTC over {stamp.checkpoint_id} events, by {stamp.authority}"
    return Line(
        "Last time stamp",
        value,
        not lateness.is_too_long,
        "Look at the sealer's log: it names why the authority's answer was refused or missing.",
    )


def describe_sealing() -> Line:
    """Say how many events wait for the sealer, and since when; beyond the limit somebody was told by mail."""
    lag = measure_lag()
    limit = f"limit {settings.SEAL_LAG_SECONDS} s"
    value = f"{lag.waiting} events wait, the oldest for {lag.seconds:.0f} s ({limit})" if lag.waiting else "all sealed"
    return Line(
        "Sealing of the ledger",
        f"{lag.size:,} leaves; {value}",
        not lag.is_too_long,
        "Look whether the sealer's process runs; its log names the error.",
    )


def describe_witness() -> Line:
    """Say how much of the ledger the witness has cosigned."""
    if not settings.WITNESS_URL:
        return Line("Witness of the ledger", "not configured (WITNESS_URL)", is_good=True)
    last = Checkpoint.objects.order_by("-size").first()
    seen = CheckpointCosignature.objects.order_by("-checkpoint_id").first()
    is_late = last is not None and (
        seen is None
        or (seen.checkpoint_id < last.size and now() - seen.cosigned_at > dt.timedelta(minutes=WITNESS_MINUTES))
    )
    value = (
        f"{seen.checkpoint_id:,} leaves cosigned, {seen.cosigned_at:%Y-%m-%d %H:%M} UTC" if seen else "nothing cosigned"
    )
    return Line(
        "Witness of the ledger", value, not is_late, "Start the witness, or read the sealer's log: it may have refused."
    )


def describe_verification() -> Line:
    """Say when everything was verified last, with which result, and whether the sealer's process signed it."""
    last = last_result()
    if last is None:
        return Line("Last verification", "never", is_good=False, what_to_do="Run `manage.py verify`.")
    is_overdue = now() - last.at > dt.timedelta(hours=VERIFY_HOURS)
    told = "clean" if last.is_clean else f"{last.findings} findings"
    signed = "signed" if last.is_signed else "not signed by the sealer's process"
    value = f"{last.at:%Y-%m-%d %H:%M} UTC, {last.mode}: {told}, {signed}{', overdue' if is_overdue else ''}"
    if not last.is_clean:
        what = "Run `manage.py verify` and show the findings to the quality unit."
    elif is_overdue:
        what = "Look whether the sealer's process runs: it verifies every night."
    else:
        what = "Let the sealer's process verify, or run `manage.py verify` where its keys can be read."
    return Line("Last verification", value, last.is_clean and last.is_signed and not is_overdue, what)
