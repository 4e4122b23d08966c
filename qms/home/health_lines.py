"""The parts of an installation that must keep going: migrations, broker, workers, clocks, certificates, backups.

Reads only. Each function answers for one part and never raises for a part that is down.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from celery import current_app
from cryptography import x509
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError

from qms.backups.models import BackupJob
from qms.backups.queries import newest_drill, newest_set
from qms.home.lines import Line
from qms.plant.health import is_broker_ready
from qms.web.language import tell_refusal
from records.clock import now
from records.errors import Refusal
from signatures.authority import CERTIFICATE_NAME, SEAL_CERTIFICATE_NAME, read_generations
from signatures.clocks import TOLERANCE
from signatures.expiry import WARN_DAYS
from signatures.models import Certificate

WORKER_SECONDS = 1.0
"""How long workers may take to say which queues they serve."""

QUEUES = (*settings.TASK_QUEUES, "sealer", "backups")
LEAST_DAYS, NEAR_DAYS = WARN_DAYS[1:]  # of a certificate
SITE_CERTIFICATES = {"Site authority": CERTIFICATE_NAME, "Organisation's seal": SEAL_CERTIFICATE_NAME}


def find_running_parts() -> Iterator[Line]:
    """Yield the lines of what runs: migrations, broker, workers, clocks."""
    yield describe_migrations()
    is_ready = is_broker_ready()
    yield Line(
        "Broker", "answers" if is_ready else "does not answer", is_ready, "Start Redis or Valkey; nothing is lost."
    )
    yield describe_workers(is_broker_there=is_ready)
    yield describe_clocks()


def find_kept_parts() -> Iterator[Line]:
    """Yield the lines of what lasts: certificates, backups, drills, their jobs."""
    for name, secret in SITE_CERTIFICATES.items():
        yield describe_site_certificate(name, secret)
    yield describe_personal_certificates()
    yield describe_backup()
    yield describe_drill()
    yield describe_failed_job()


def describe_migrations() -> Line:
    """Say whether the database has every migration of this software."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    value = f"{len(missing)} missing" if missing else "all applied"
    return Line("Migrations", value, not missing, "Run `manage.py migrate` as the owner role.", "none missing")


def describe_workers(*, is_broker_there: bool) -> Line:
    """Say which queues no process serves."""
    advice = "Start the worker of that queue; its work waits in the database meanwhile."
    if not is_broker_there:
        return Line("Workers", "unknown without the broker", is_good=False, what_to_do="Start the broker first.")
    try:
        found = current_app.control.inspect(timeout=WORKER_SECONDS).active_queues() or {}
    except OperationalError:
        found = {}
    served = {queue["name"] for queues in found.values() for queue in queues}
    idle = [queue for queue in QUEUES if queue not in served]
    value = f"{len(found)} answer" + (f"; nobody serves {', '.join(idle)}" if idle else "")
    return Line("Workers", value, not idle, advice, "every queue is served")


def describe_clocks() -> Line:
    """Say how far the application's clock is from the database's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        offset = abs((now() - cursor.fetchone()[0]).total_seconds())
    limit = TOLERANCE.total_seconds()
    advice = "Put both machines on the same time service; evidence carries the database's time."
    return Line("Clock offset", f"{offset:.2f} s", offset <= limit, advice, f"{limit:.0f} s", offset > limit / 2)


def describe_site_certificate(name: str, secret: str) -> Line:
    """Say how many days one of the site's own certificates is still valid."""
    try:
        generations = read_generations(secret)
    except Refusal as refusal:
        return Line(name, "cannot be read", is_good=False, what_to_do=tell_refusal(refusal))
    return judge_days(name, generations[-1]) if generations else Line(name, "made at first use", is_good=True)


def judge_days(name: str, certificate: x509.Certificate) -> Line:
    """Grade the days that a certificate is still valid."""
    days = (certificate.not_valid_after_utc - now()).days
    advice = "Renew it before it ends, with `manage.py renew_certificate`: what is signed afterwards does not verify."
    return Line(name, f"{days} days left", days >= LEAST_DAYS, advice, f"{LEAST_DAYS} days", days < NEAR_DAYS)


def describe_personal_certificates() -> Line:
    """Say how many people's certificates end soon."""
    in_force = Certificate.objects.filter(revoked_at=None)
    soon = in_force.filter(valid_until__lt=now() + dt.timedelta(days=LEAST_DAYS)).count()
    advice = "Tell these people to fetch a new certificate under their account."
    value = f"{in_force.count()} in force, {soon} end within {LEAST_DAYS} days"
    return Line("People's certificates", value, is_good=True, what_to_do=advice, is_near=soon > 0)


def describe_backup() -> Line:
    """Say how old the newest backup is."""
    limit = f"{settings.BACKUP.most_hours} h old"
    newest = newest_set()
    if newest is None:
        return Line("Last backup", "no backup yet", is_good=False, what_to_do="Open Backups: back up now.", limit=limit)
    hours = (now() - newest.made_at).total_seconds() / 3600
    is_good = hours <= settings.BACKUP.most_hours
    value = f"{newest.made_at:%Y-%m-%d %H:%M} UTC, {hours:.0f} h ago"
    return Line("Last backup", value, is_good, "Open Backups: back up now; set BACKUP_DAILY_AT.", limit)


def describe_drill() -> Line:
    """Say when a restore was proven last, and how it went."""
    limit = f"{settings.BACKUP.drill_days} days old, passed"
    newest = newest_drill()
    if newest is None:
        advice = "Open Backups and run a restore drill."
        return Line("Last verified restore", "never", is_good=False, what_to_do=advice, limit=limit)
    days = (now() - newest.made_at).days
    value = f"{newest.made_at:%Y-%m-%d %H:%M} UTC, {'passed' if newest.passed else 'differs'}"
    is_good = newest.passed and days <= settings.BACKUP.drill_days
    return Line("Last verified restore", value, is_good, "Open Backups and run a restore drill.", limit)


def describe_failed_job() -> Line:
    """Say whether the last backup or drill failed."""
    last = BackupJob.objects.filter(state__in=("done", "failed")).order_by("-id").first()
    failed = last is not None and last.state == "failed"
    value = f"{last.get_kind_display()} failed: {last.error}" if last is not None and failed else "none failed"
    return Line("Last backup job", value, not failed, "Mend the cause, then start it again under Backups.")
