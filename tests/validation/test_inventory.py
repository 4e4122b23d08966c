"""The inventory: systems by category, items that are replaced and never overwritten."""

from __future__ import annotations

from typing import Any

import pytest

from records.errors import RoleNotAllowed, StaleRevision
from records.models import Change
from tests.validation.desk import REASON, Desk, make_system, sign
from validation.errors_records import CategoryWithoutPlatform, DigestNotSha256, ItemEnded, ItemInUse
from validation.inventory import add_item, edit_system, end_item
from validation.models import System

pytestmark = [pytest.mark.django_db, pytest.mark.clause("Annex 11 4.3")]

DIGEST = "ab" * 32


def test_a_trained_model_is_category_five_on_its_platforms_category(desk: Desk):
    content = desk.system.content()
    assert (content["category"], content["platform_category"]) == (5, 4)


def test_only_a_custom_system_stands_on_a_platform(desk: Desk):
    with pytest.raises(CategoryWithoutPlatform):
        make_system(desk.engineer, owner=desk.qa, category=3, platform_category=1)


def test_only_validation_engineers_keep_the_inventory(desk: Desk):
    with pytest.raises(RoleNotAllowed):
        make_system(desk.qa, owner=desk.qa)


def test_a_stale_edit_is_refused(desk: Desk):
    changes = {"description": "Also keeps the images.", "category": 5, "platform_category": 4}
    edit_system(desk.system, actor=desk.engineer.actor(), revision=desk.system.revision, reason=REASON, changes=changes)
    with pytest.raises(StaleRevision):
        edit_system(
            desk.system, actor=desk.engineer.actor(), revision=desk.system.revision, reason=REASON, changes=changes
        )


def test_a_changed_item_is_ended_and_entered_anew_and_both_stay(desk: Desk):
    facts: dict[str, Any] = {"kind": "ai_model", "name": "vial-identity", "reason": REASON}
    first = add_item(desk.system, actor=desk.engineer.actor(), version="1.0", sha256=DIGEST, **facts)
    with pytest.raises(ItemInUse, match=r"1\.0"):
        add_item(desk.system, actor=desk.engineer.actor(), version="1.1", sha256=DIGEST, **facts)
    end_item(first, actor=desk.engineer.actor(), reason="retrained")
    with pytest.raises(ItemEnded):
        end_item(first, actor=desk.engineer.actor(), reason="retrained")
    add_item(desk.system, actor=desk.engineer.actor(), version="1.1", sha256="cd" * 32, **facts)
    assert [row["version"] for row in desk.system.item_content()] == ["1.1"]
    assert desk.system.items.count() == 2


def test_a_digest_that_is_no_sha256_is_refused(desk: Desk):
    with pytest.raises(DigestNotSha256):
        add_item(
            desk.system, actor=desk.engineer.actor(), kind="data_set", name="x", version="1", reason=REASON, sha256="ab"
        )


def test_quality_retires_a_system_by_signature(desk: Desk):
    sign(desk.system, "retire", desk.qa, reason="line 1 is dismantled")
    assert System.objects.get(pk=desk.system.pk).state == "retired"


@pytest.mark.clause("11.10(e)")
def test_every_change_of_an_item_is_in_the_trail(desk: Desk):
    item = add_item(desk.system, actor=desk.engineer.actor(), kind="software", name="py", version="3", reason=REASON)
    end_item(item, actor=desk.engineer.actor(), reason="replaced")
    kinds = Change.objects.filter(table_name="validation_configurationitem", row_key=str(item.pk))
    assert [row.kind for row in kinds.order_by("id")] == ["+", "~"]
