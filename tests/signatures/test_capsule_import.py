"""A capsule is read again in an empty installation: the same bytes, the same content hashes."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command

from records.models import Event, Version
from records.stores import file_store
from records.verifying.findings import Tally
from signatures.capsules.errors import CapsuleKnown, CapsuleNotVerified, CapsuleUnreadable, InstallationNotEmpty
from signatures.capsules.importing import import_capsule
from signatures.capsules.scopes import scope_of_records
from signatures.models_capsules import ImportedCapsule, ImportedVersion
from signatures.verifying import check_imported_versions
from tests.signatures.capsule_files import flip, make_capsule, members_of, pack
from tests.signatures.capsule_world import committed_world
from tests.signatures.papers import write_paper

pytestmark = [pytest.mark.clause("11.10(b)"), pytest.mark.clause("11.10(c)")]


@pytest.fixture(scope="module")
def taken(django_db_setup, django_db_blocker, tmp_path_factory):
    """Return a capsule of an installation that is gone, and the versions that were there."""
    with committed_world(django_db_blocker, tmp_path_factory.mktemp("world")) as world:
        capsule = make_capsule(scope_of_records("both papers", [world.paper.pk, world.other.pk]))
        versions = set(Version.objects.values_list("record__number", "number", "content_hash"))
    return capsule, versions


@pytest.fixture
def file(taken, tmp_path, db):
    path = tmp_path / "capsule.zip"
    path.write_bytes(taken[0])
    return path


def test_every_version_comes_back_with_its_content_hash(taken, file):
    out = io.StringIO()
    call_command("import_capsule", str(file), stdout=out)
    found = set(ImportedVersion.objects.values_list("record_number", "number", "content_hash"))
    assert found == taken[1]
    assert len(found) == 2
    members = members_of(taken[0])
    for version in ImportedVersion.objects.all():
        name = f"records/{version.record_number}/versions/v{version.number}.json"
        assert bytes(version.content) == members[name]
        assert f"{version.content_hash}  {version.record_number} version {version.number}" in out.getvalue()
    capsule = ImportedCapsule.objects.get()
    assert file_store().read_checked(capsule.file_id) == taken[0]
    event = Event.objects.get(act="signatures.capsule.imported")
    assert event.details == {"title": "both papers", "sha256": capsule.file_id, "records": 2}
    assert list(check_imported_versions(Tally())) == []


def test_a_capsule_that_does_not_verify_is_not_imported(taken, file, capsys):
    members = members_of(taken[0])
    name = next(name for name in members if name.endswith("v1.json"))
    file.write_bytes(pack(members | {name: flip(members[name], 50)}))
    with pytest.raises(CapsuleNotVerified, match=f"{name}: its bytes are not those"):
        import_capsule(file, actor=None)  # type: ignore[arg-type]  # refused before anyone acts
    with pytest.raises(SystemExit) as exit_:
        call_command("import_capsule", str(file))
    assert exit_.value.code == 1
    assert "was not imported" in capsys.readouterr().err
    assert not ImportedCapsule.objects.exists()


def test_an_installation_with_records_takes_no_capsule(file, author):
    write_paper(author)
    with pytest.raises(InstallationNotEmpty, match="has 1"):
        import_capsule(file, actor=author.actor())


def test_the_same_capsule_is_taken_once(file):
    call_command("import_capsule", str(file), stdout=io.StringIO())
    with pytest.raises(CapsuleKnown):
        import_capsule(file, actor=None)  # type: ignore[arg-type]  # refused before anyone acts
    assert ImportedCapsule.objects.count() == 1


def test_a_file_that_is_not_there_is_a_sentence(db, tmp_path):
    with pytest.raises(CapsuleUnreadable, match="No such file"):
        import_capsule(tmp_path / "nowhere.zip", actor=None)  # type: ignore[arg-type]  # refused before anyone acts
