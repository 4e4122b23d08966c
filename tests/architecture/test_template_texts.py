"""No template shows a text that a translator cannot reach, save those whose words are kept as they were signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.template_texts import find_texts

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"
KEPT = {
    "signatures/rendition.html": "the PDF of a signed version",
    "signatures/_rendition_plain.html": "a part of it",
    "signatures/_rendition_verify.html": "a part of it",
    "batches/rendition.html": "a part of it",
    "batches/review/_rendition_sample.html": "a part of it",
    "validation/_facts_system.html": "a part of it",
    "validation/_trace_table.html": "a part of it",
    "validation/rendition_data_flow.html": "a part of it",
    "validation/rendition_determination.html": "a part of it",
    "validation/rendition_deviation.html": "a part of it",
    "validation/trace_paper.html": "a copy of records on paper",
    "validation/rendition_execution.html": "a part of it",
    "validation/rendition_gaps.html": "a part of it",
    "validation/rendition_matrix.html": "a part of it",
    "validation/rendition_plan.html": "a part of it",
    "validation/rendition_protocol.html": "a part of it",
    "validation/rendition_report.html": "a part of it",
    "validation/rendition_requirements.html": "a part of it",
    "validation/rendition_review.html": "a part of it",
    "validation/rendition_set.html": "a part of it",
    "validation/rendition_study.html": "a part of it",
    "parts/_manifestation_facts.html": "a manifestation reads the same on screen, on paper and in the PDF",
}
"""Templates in the words of the source for every reader: what they show is signed, or copies what is."""


def names() -> list[str]:
    return sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))


def test_every_text_of_every_template_is_put_up_for_translation():
    found = {name: find_texts((TEMPLATES / name).read_text(encoding="utf-8")) for name in names() if name not in KEPT}
    assert len(found) > 150
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_each_exception_is_there_and_does_hold_text_of_its_own():
    empty = [name for name in KEPT if not find_texts((TEMPLATES / name).read_text(encoding="utf-8"))]
    assert [name for name in empty if "include" not in (TEMPLATES / name).read_text(encoding="utf-8")] == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Nothing to sign.</p>", "Nothing to sign."),
        ("<p>{{ count }} records</p>", "records"),
        ("<p>{% if is_open %}Open{% else %}{% translate 'Closed' %}{% endif %}</p>", "Open"),
        ('<nav aria-label="Your series"></nav>', "Your series"),
        ('<input placeholder="Lot of {{ product }}">', "Lot of"),
        ('<button data-busy="Checking…">{% translate "Check" %}</button>', "Checking…"),
        ('<p>{{ reason|default:"not given" }}</p>', "not given"),
        ('{% include "parts/_empty.html" with text="None yet." %}', "None yet."),
        ('{% status "closed" "Concluded" %}', "Concluded"),
    ],
)
def test_a_text_that_nobody_could_translate_is_found(source: str, text: str):
    assert find_texts(source) == [text]


@pytest.mark.parametrize(
    "source",
    [
        '<p>{% translate "Nothing to sign." %}</p>',
        "<p>{% blocktranslate with n=rows|length %}{{ n }} records{% endblocktranslate %}</p>",
        "<nav aria-label=\"{% translate 'Your series' %}\"></nav>",
        '<p class="hint" data-poll>{{ reason|default:_("not given") }} · 5 %</p>',
        "<code>openssl cms</code><!-- a note -->{% comment %}a note{% endcomment %}",
        "{% block help_topic %}signing{% endblock %}",
        '{% icon "check" %}{% status "closed" _("Concluded") %}',
    ],
)
def test_what_is_translated_or_no_text_is_let_be(source: str):
    assert find_texts(source) == []
