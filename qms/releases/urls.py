"""Addresses of the model versions."""

from django.urls import path

from qms.releases import views

app_name = "releases"

urlpatterns = [
    path("models/", views.list_models, name="model-list"),
    path("models/new/", views.make_model, name="model-new"),
    path("models/<str:number>/", views.show_model, name="model-detail"),
    path("models/<str:number>/artefact", views.send_artefact, name="model-artefact"),
]
