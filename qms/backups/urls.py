"""Addresses of the backup pages."""

from django.urls import path

from qms.backups import views

app_name = "backups"

urlpatterns = [
    path("system/backups/", views.list_sets, name="list"),
    path("system/backups/start", views.start_backup, name="start"),
    path("system/backups/progress", views.show_progress, name="progress"),
    path("system/backups/<str:name>/", views.show_set, name="set"),
    path("system/backups/<str:name>/drill", views.start_drill, name="drill"),
]
