"""Let PostgreSQL keep the history of people and roles; close Django's own permission tables."""

from django.db import migrations

from records.guards import ReadOnlyForApp, TrackTable


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people_history_and_roles"), ("records", "0002_guard_trail")]

    operations = [
        TrackTable("User", fingerprint=("password",)),
        TrackTable("RoleGrant"),
        ReadOnlyForApp("accounts_user_groups"),
        ReadOnlyForApp("accounts_user_user_permissions"),
        ReadOnlyForApp("auth_group"),
        ReadOnlyForApp("auth_group_permissions"),
        ReadOnlyForApp("auth_permission"),
    ]
