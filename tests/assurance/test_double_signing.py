"""Many submits of one ceremony at once, on a site of several processes."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from records.models import Event
from signatures.checklist import verify_stored_signature
from signatures.models import AuthenticationState, Signature
from tests.assurance.serving import Visitor, served_site
from tests.people import make_crew
from tests.signatures.papers import submitted_paper
from tests.sizes import choose_size

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.clause("11.200(a)(1)"), pytest.mark.assurance("B2")]

SUBMITS = 20
CEREMONIES = choose_size(small=3, full=50)


@pytest.fixture
def people():
    crew = make_crew()
    return crew.add("author", "operator"), [crew.add(f"reviewer{number}", "reviewer") for number in range(2)]


def submit_together(site, people, papers):
    """Open a ceremony on each paper, people in turn, and send its form many times at once; return the answers."""
    visitors = [Visitor.of(site, person) for person in people]
    statuses = []
    with ThreadPoolExecutor(SUBMITS) as pool:
        for number, paper in enumerate(papers):
            person, visitor = people[number % len(people)], visitors[number % len(people)]
            visitor.get("/")
            opened = visitor.post(f"/sign/open/{paper.number}/approve", {})
            assert opened.status == 302, (opened, site.said())
            assert visitor.get(opened.location).status == 200
            typed = {"decision": "sign", "username": person.username, **person.credentials()}
            together = threading.Barrier(SUBMITS)

            def submit(url=opened.location, typed=typed, visitor=visitor, together=together):
                together.wait()
                return visitor.post(url, typed).status

            statuses += [future.result() for future in [pool.submit(submit) for _ in range(SUBMITS)]]
    return statuses


def test_each_ceremony_leaves_one_signature_and_clean_conflicts(people, tmp_path):
    author, reviewers = people
    papers = [submitted_paper(author, title=f"Paper {number}") for number in range(CEREMONIES)]
    with served_site(tmp_path) as site:
        statuses = submit_together(site, reviewers, papers)
    assert statuses.count(302) == CEREMONIES
    assert statuses.count(409) == CEREMONIES * (SUBMITS - 1)
    assert sorted(Signature.objects.values_list("record_id", flat=True)) == sorted(paper.pk for paper in papers)
    assert all(verify_stored_signature(signature).bottom_line for signature in Signature.objects.all())
    assert not AuthenticationState.objects.filter(failures__gt=0).exists(), "a double click is no attack"
    assert not Event.objects.filter(act="signatures.code.replayed").exists()


def test_two_people_at_one_seat_leave_one_signature(people, tmp_path):
    author, reviewers = people
    papers = [submitted_paper(author, title=f"Paper {number}") for number in range(CEREMONIES)]
    with served_site(tmp_path) as site, ThreadPoolExecutor(2) as pool:
        visitors = [Visitor.of(site, person) for person in reviewers]
        for paper in papers:
            for visitor in visitors:
                visitor.get("/")
            pages = [visitor.post(f"/sign/open/{paper.number}/approve", {}).location for visitor in visitors]
            typed = [{"decision": "sign", "username": person.username, **person.credentials()} for person in reviewers]
            together = threading.Barrier(2)

            def submit(place, pages=pages, typed=typed, together=together):
                together.wait()
                return visitors[place].post(pages[place], typed[place]).status

            statuses = sorted(pool.map(submit, range(2)))
            assert statuses == [302, 409], site.said()
    assert Signature.objects.count() == len(papers)


def test_negative_control_submits_that_are_not_held_apart_pass_for_replayed_codes(people, tmp_path):
    author, reviewers = people
    papers = [submitted_paper(author, title="Paper")]
    with served_site(tmp_path, application="tests.assurance.careless_site:application") as site:
        statuses = submit_together(site, reviewers[:1], papers)
    assert statuses.count(302) == 1, "the used code and the record's lock still stand"
    assert Event.objects.filter(act="signatures.code.replayed").exists(), "the signer would be told of an attack"
