"""Papers of the test kind, brought by their own rules to the state that a test needs."""

from __future__ import annotations

from records.creation import create_record
from records.editing import edit_record
from records.models import ControlledRecord
from records.workflow import perform_transition
from signatures.ceremonies import open_ceremony
from signatures.models import Ceremony, Signature
from signatures.signing import Credentials, complete_ceremony, decline_ceremony
from tests.papers.models import Paper
from tests.people import Person

REASON = "because the test needs it"


def write_paper(author: Person, *, body: str = "The vials were clear.", title: str = "A paper") -> Paper:
    """Write a paper."""
    return create_record(Paper, actor=author.actor("operator"), title=title, body=body)


def submit(paper: Paper, author: Person) -> Paper:
    """Send a paper to review."""
    moved = perform_transition(paper, "submit", actor=author.actor())
    assert isinstance(moved, Paper)
    return moved


def submitted_paper(author: Person, **fields: str) -> Paper:
    """Write a paper and send it to review."""
    return submit(write_paper(author, **fields), author)


def reread(record: ControlledRecord) -> Paper:
    """Return the paper as it stands in the database."""
    return Paper.objects.get(pk=record.pk)


def edit(paper: Paper, person: Person, **changes: str) -> Paper:
    """Change a paper through the edit rule."""
    fresh = reread(paper)
    edit_record(fresh, actor=person.actor(), revision=fresh.revision, changes=changes, reason=REASON)
    return reread(paper)


def open_for(person: Person, paper: ControlledRecord, action: str = "approve") -> Ceremony:
    """Open a ceremony for a person."""
    return open_ceremony(paper, action, actor=person.actor())


def credentials_of(person: Person, **changes: str) -> Credentials:
    """Return the person's password and a fresh code, or what the test puts in their place."""
    typed = {"password": person.password} | ({} if "code" in changes else {"code": person.code()}) | changes
    return Credentials(**typed)


def complete(ceremony: Ceremony, person: Person, *, reason: str = "", **changes: str) -> Signature:
    """Sign a ceremony as the person."""
    return complete_ceremony(
        ceremony, actor=person.actor(), credentials=credentials_of(person, **changes), reason=reason
    )


def decline(ceremony: Ceremony, person: Person, *, reason: str = REASON, **changes: str) -> Signature:
    """Decline a ceremony as the person."""
    return decline_ceremony(
        ceremony, actor=person.actor(), credentials=credentials_of(person, **changes), reason=reason
    )


def sign(person: Person, paper: ControlledRecord, action: str = "approve", *, reason: str = "") -> Signature:
    """Open and sign in one go."""
    return complete(open_for(person, paper, action), person, reason=reason)


def approved_paper(author: Person, reviewer: Person, qa_manager: Person, **fields: str) -> Paper:
    """Bring a paper through both signatures of its approval."""
    paper = submitted_paper(author, **fields)
    sign(reviewer, paper)
    sign(qa_manager, paper)
    return reread(paper)
