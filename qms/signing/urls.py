"""Addresses of the signing pages."""

from django.urls import path

from qms.signing import copies, series_views, views

app_name = "signing"

urlpatterns = [
    path("sign", series_views.show_list, name="list"),
    path("sign/series", series_views.open_many, name="open-series"),
    path("sign/series/<uuid:series_id>", series_views.show_series, name="series"),
    path("sign/series/<uuid:series_id>/leave", series_views.leave, name="leave-series"),
    path("sign/next", views.open_next, name="next"),
    path("sign/open/<str:number>/<slug:action>", views.open_signing, name="open"),
    path("sign/<uuid:ceremony_id>", views.show_ceremony, name="ceremony"),
    path("sign/<uuid:ceremony_id>/cancel", views.cancel, name="cancel"),
    path("signatures/<str:number>", views.show_signature, name="signature-detail"),
    path("signatures/<str:number>/verify", views.show_verification, name="signature-verify"),
    path("signatures/<str:number>/rendition-state", views.show_rendition_state, name="rendition-state"),
    path("signatures/<str:number>/signed.pdf", copies.give_rendition, name="rendition"),
    path("signatures/<str:number>/statement.json", copies.give_statement, name="statement"),
    path("signatures/<str:number>/signature.p7s", copies.give_cms, name="cms"),
    path("signatures/<str:number>/content.json", copies.give_content, name="content"),
    path("signatures/<str:number>/certificate.pem", copies.give_certificate, name="certificate"),
]
