"""Forms: label, hint, error and field are tied together, and nothing typed becomes markup."""

from __future__ import annotations

import re

from django import forms

from tests.qms.web.guide import LotForm


class Sample(forms.Form):
    """One text field."""

    lot = forms.CharField(label="Lot <number>", help_text="As on the <order>.", max_length=5)


def test_label_hint_and_error_belong_to_the_field() -> None:
    markup = str(Sample({"lot": "L-70001"}))
    assert '<label for="id_lot">Lot &lt;number&gt;</label>' in markup
    field = re.search(r"<input[^>]*>", markup)
    assert field is not None
    assert 'aria-describedby="id_lot_helptext id_lot_error"' in field[0]
    assert 'aria-invalid="true"' in field[0]
    assert 'class="form-control"' in field[0]
    assert 'id="id_lot_helptext">As on the &lt;order&gt;.' in markup
    assert 'id="id_lot_error"' in markup


def test_the_summary_links_to_each_field() -> None:
    markup = str(LotForm({}))
    links = re.findall(r'<a href="#(id_[a-z_0-9]+)">', markup)
    targets = set(re.findall(r'id="([^"]+)"', markup))
    assert links == ["id_number", "id_product", "id_received_on", "id_kind"]
    assert set(links) <= targets


def test_a_form_without_errors_has_no_summary() -> None:
    assert "error-summary" not in str(LotForm())


def test_what_was_typed_comes_back_escaped() -> None:
    markup = str(Sample({"lot": '"><script>alert(1)</script>'}))
    assert "<script>" not in markup
    assert "&quot;&gt;&lt;script&gt;" in markup


def test_choices_are_a_group_with_its_name() -> None:
    markup = str(LotForm())
    assert re.search(r"<fieldset class=\"field\"[^>]*>\s*<legend>Kind of run</legend>", markup)
    assert 'Note <span class="optional">(optional)</span>' in markup


def test_hidden_fields_are_there_once_and_without_label() -> None:
    class Hidden(forms.Form):
        revision = forms.IntegerField(widget=forms.HiddenInput)

    markup = str(Hidden(initial={"revision": 3}))
    assert markup.count('name="revision"') == 1
    assert "<label" not in markup
