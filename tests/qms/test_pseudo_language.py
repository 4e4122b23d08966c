"""In another language every page is in that language, and every record is what it would be in English."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from qms.web.language import tell_refusal
from records.errors import ReasonMeaningless, ReasonMissing
from tests.architecture.template_texts import ATTRIBUTES
from tests.people import Person
from tests.plant_data import Plant, batch_open, make_plant
from tests.pseudo_language import accent, pseudo_language
from tests.signatures.browsers import browser_of
from tests.signatures.papers import submitted_paper

pytestmark = pytest.mark.django_db
UNREAD = frozenset({"script", "style", "svg", "code", "kbd", "pre"})
TRANSLATED = re.compile("⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[A-Za-z]{3,}")
PEOPLE = ("Ana Silva", "operator", "Rita Berg", "reviewer", "Dev Rao")  # printed names and user names
NAMED = ("Fentanyl citrate", "FEN", "Vial 2R", "vial-identity", "Inspection of lot")  # by those who made the things
SIGNED = ("The vials were clear.", "A paper", "Reviewed")  # the content, and the word of the meaning in the statement
SENTENCE = (
    "By signing you apply the legally binding equivalent of your handwritten signature to",
    "with the meaning",
)  # told as the law asks, and in the words of the statement


class Reader(HTMLParser):
    """Takes the texts and the text attributes of a page, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[str] = []
        self.unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.unread += tag in UNREAD
        self.attributes += [value or "" for name, value in attrs if name in ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self.unread -= tag in UNREAD

    def handle_data(self, data: str) -> None:
        if not self.unread:
            self.texts.append(data)


def plain_words(page: str, *known: str) -> str:
    """Return the words of a page that are neither translated nor data the test knows."""
    reader = Reader()
    reader.feed(page)
    left = []
    for text in (" ".join(reader.texts), *reader.attributes):
        while TRANSLATED.search(text):
            text = TRANSLATED.sub(" ", text)
        for word in ("Countersign", "UTC", *PEOPLE, *NAMED, *known):
            text = text.replace(word, " ")
        left += WORD.findall(text)
    return " ".join(dict.fromkeys(left))


def read(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


@pytest.fixture
def plant(operator: Person, qa_manager: Person, data_scientist: Person) -> Plant:
    return make_plant(operator=operator, qa_manager=qa_manager, data_scientist=data_scientist)


def test_home_lists_and_batch_page_hold_no_word_of_english(plant: Plant):
    batch = batch_open(plant)
    desk = plant.operator.client()
    with pseudo_language():
        pages = {
            name: read(desk.get(reverse(name, args=args)))
            for name, args in {
                "home:home": [],
                "batches:batch-list": [],
                "batches:product-list": [],
                "batches:batch-detail": [batch.number],
                "batches:batch-new": [],
                "signing:list": [],
                "releases:model-list": [],
                "web:help": [],
                "web:glossary": [],
            }.items()
        }
    assert 'lang="en-xa"' in pages["home:home"]
    assert {name: words for name, page in pages.items() if (words := plain_words(page))} == {}


def test_the_signing_page_is_translated_but_for_what_is_signed(author: Person, reviewer: Person):
    paper, desk = submitted_paper(author), browser_of(reviewer)
    url = desk.post(reverse("signing:open", args=[paper.number, "approve"])).headers["Location"]
    with pseudo_language():
        page = read(desk.get(url))
    assert plain_words(page, *SIGNED, *SENTENCE, paper.versions.get().content_hash) == ""


@pytest.mark.parametrize("name", ["accounts:login"])
def test_sign_in_is_translated_for_visitors(name: str, db: None):
    with pseudo_language():
        assert plain_words(read(Client().get(reverse(name)))) == ""


def test_a_missing_page_is_told_in_the_language(operator: Person):
    with pseudo_language():
        page = read(operator.client().get("/nothing/here"), 404)
    assert accent("This page does not exist") in page
    assert plain_words(page) == ""


def test_a_refusal_is_told_in_the_language_with_its_facts_as_they_are():
    refusal = ReasonMeaningless(reason="because")
    with pseudo_language():
        told = tell_refusal(refusal)
    assert told == accent(ReasonMeaningless.message).format(reason="because")
    assert tell_refusal(refusal) == refusal.text == str(refusal)


def test_a_refusal_with_words_of_its_own_is_told_whole():
    with pseudo_language():
        assert tell_refusal(ReasonMissing("Say why.", minimum=4)) == accent("Say why.")


def test_a_refused_form_tells_label_and_error_in_the_language(operator: Person):
    with pseudo_language():
        page = read(operator.client().post(reverse("accounts:password"), {"new_password": "short"}), 422)
    assert accent("This field is required.") in page
    assert plain_words(page) == ""


def test_what_nobody_translated_is_seen():
    assert plain_words('<p>Nothing <b title="to see">⟦ñothing ⟦to⟧ ⟧</b></p><code>openssl</code>') == "Nothing see"
