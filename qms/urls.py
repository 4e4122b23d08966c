"""Every address of the site: each app mounts its own."""

from django.urls import URLPattern, URLResolver, include, path

from qms.plant import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("qms.accounts.urls")),
    path("", include("qms.signing.urls")),
    path("", include("qms.releases.urls")),
    path("", include("qms.batches.urls")),
    path("", include("qms.validating.urls")),
    path("", include("qms.inspections.urls")),
    path("", include("qms.backups.urls")),
    path("", include("qms.home.urls")),
    path("", include("qms.web.urls")),
]
handler400 = "qms.web.views.show_bad_request"
handler403 = "qms.web.views.show_denied"
handler404 = "qms.web.views.show_missing"
handler500 = "qms.web.views.show_fault"
