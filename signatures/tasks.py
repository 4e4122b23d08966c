"""Background work of the signatures floor."""

from __future__ import annotations

from celery import shared_task

from records.archive.opening import open_archive
from signatures import archiving, ceremonies
from signatures.clocks import check_clocks
from signatures.expiry import warn_of_endings


@shared_task(name="signatures.expire_ceremonies", ignore_result=True)
def expire_ceremonies() -> int:
    """Close ceremonies whose time is over, so that each leaves its event; asked for every minute."""
    return ceremonies.expire_ceremonies()


@shared_task(name="signatures.check_clocks", ignore_result=True)
def compare_clocks() -> None:
    """Leave an event when the application's and the database's clock disagree."""
    check_clocks()


@shared_task(name="signatures.warn_of_endings", ignore_result=True)
def warn_of_ending_certificates() -> int:
    """Tell whoever can renew a certificate that it ends soon; asked for every hour, told three times."""
    return warn_of_endings()


@shared_task(name="signatures.archive_versions", queue="sealer", ignore_result=True)
def archive_versions() -> int:
    """Archive what was signed lately; done by the sealer's process, which has the archive's key."""
    return archiving.archive_signed_versions(open_archive())


@shared_task(name="signatures.tend_archive", queue="sealer", ignore_result=True)
def tend_archive() -> None:
    """Archive whatever signed version is still missing, and keep each as long as its rule asks; every night."""
    archive = open_archive()
    archiving.archive_signed_versions(archive, newest=2**62)
    archiving.lengthen_retention(archive)
