"""Addresses of the regulator's rooms."""

from django.urls import path

from qms.inspections.views import back_room, copies, reading

app_name = "inspections"

urlpatterns = [
    path("inspect/", reading.show_search, name="search"),
    path("inspect/timeline/", reading.show_timeline, name="timeline"),
    path("inspect/lots/<str:number>/", reading.show_lot, name="lot-detail"),
    path("inspect/records/<str:number>/", reading.show_record, name="record-detail"),
    path("inspect/records/<str:number>/compare/", reading.show_comparison, name="record-compare"),
    path("inspect/records/<str:number>/verify/", reading.show_verification, name="record-verify"),
    path("inspect/records/<str:number>/copies/", copies.create_export, name="export-create"),
    path("inspect/copies/<str:number>/", copies.show_export, name="export-detail"),
    path("inspect/copies/<str:number>/download/", copies.download_export, name="export-download"),
    path("inspect/requests/", reading.show_requests, name="request-list"),
    path("inspect/requests/new/", back_room.create_request, name="request-create"),
    path("inspections/", back_room.list_accesses, name="inspection-list"),
    path("inspections/new/", back_room.create_access, name="access-create"),
    path("inspections/<int:pk>/", back_room.show_access, name="access-detail"),
    path("inspections/<int:pk>/end/", back_room.close_access, name="access-end"),
    path("inspections/requests/<int:pk>/", back_room.answer, name="request-answer"),
]
