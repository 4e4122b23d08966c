"""Making the demonstration plant: once, to the end, whatever interrupts it.

The last act says that it is made; until then each start does what is missing, and after it
none does anything, so that what people did with the lots stays.
"""

from __future__ import annotations

import datetime as dt
import secrets
from functools import partial

from django.conf import settings
from django.urls import reverse

from qms.accounts.codes import STEP_SECONDS
from qms.accounts.demo import demo_folder
from qms.batches.models import Product
from qms.home.demo.cast import PARTS, Cast, certify_others, ensure_people, settle_devices
from qms.home.demo.folder import ensure_password
from qms.home.demo.lots import tell_lots
from qms.home.demo.stock import FENTANYL, ensure_models, ensure_stock
from qms.home.demo.stories import STORIES
from qms.home.demo.validated import tell_validation
from qms.home.errors import NotADemonstration
from qms.inspections.accesses import grant_access, make_request
from qms.inspections.models import InspectorAccess
from records.acting import record_event
from records.clock import now
from records.evidence import system_actor
from records.models import Event

MADE = "home.demonstration.made"
ACCESS_DAYS = 7
WORDS = ("amber", "birch", "cedar", "copper", "ember", "fjord", "harbor", "juniper", "maple", "quartz", "willow")
REQUEST = "Please show the qualification report of camera station CAM-2."


def ensure_plant(*, code_seconds: int = STEP_SECONDS, is_side_by_side: bool = True) -> list[str]:
    """Make what is missing of the demonstration and return how to sign in, line by line.

    Lots and validation are told side by side; with ``is_side_by_side`` off, one after the other in one transaction.

    Raises: `NotADemonstration`. Writes: as the rules it calls, and one event at the end.
    """
    if not settings.DEMO:
        raise NotADemonstration
    cast = Cast(ensure_password(make_password()), code_seconds=code_seconds, is_side_by_side=is_side_by_side)
    if not Event.objects.filter(act=MADE).exists():
        make_plant(cast)
    return describe_plant(cast)


def make_plant(cast: Cast) -> None:
    """Do whatever is missing; what rests on nothing of one another is told side by side."""
    ensure_people(cast)
    ensure_models(cast)
    cast.do_together(partial(tell_production, cast), partial(tell_validation, cast), partial(certify_others, cast))
    settle_devices(cast)
    record_event(system_actor("demonstration"), MADE, details={"people": len(PARTS), "lots": len(STORIES)})


def tell_production(cast: Cast) -> None:
    """Set products and stations up, lead every lot through, and let the inspector in."""
    ensure_stock(cast)
    tell_lots(cast)
    ensure_inspection(cast)


def ensure_inspection(cast: Cast) -> None:
    """Let the inspector in for a week, to one product only; she has asked for something already."""
    inspector = cast.user("ines")
    access = InspectorAccess.objects.filter(inspector=inspector).first()
    if access is None:
        access = grant_access(
            inspector,
            actor=cast.actor("maria"),
            agency="FDA",
            starts_at=now(),
            ends_at=now() + dt.timedelta(days=ACCESS_DAYS),
            products=[Product.objects.get(code=FENTANYL.code)],
            contact="Maria Chen, quality assurance, extension 4410",
            reason="announced inspection of the demonstration plant",
        )
    if not access.requests.exists():
        make_request(access, actor=cast.actor("ines"), text=REQUEST)


def make_password() -> str:
    """Return a password that is easy to type and that nobody knows before."""
    words = [secrets.choice(WORDS) for _ in range(3)]
    return "-".join([*words, f"{secrets.randbelow(10_000):04d}"])


def describe_plant(cast: Cast) -> list[str]:
    """Return what the console says: people, password, codes, files."""
    widest = max(len(part.username) for part in PARTS)
    return [
        "",
        f"  Password of everybody   {cast.password}",
        f"  One-time codes          {settings.SITE_URL}{reverse('accounts:demo-codes')}",
        f"  A lot to import         {demo_folder() / 'L-70107.zip'}",
        "",
        *(f"  {part.username:<{widest}}  {part.printed_name}, {part.job_title}" for part in PARTS),
        "",
    ]
