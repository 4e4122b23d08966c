"""Addresses of the shell's own pages."""

from django.urls import path

from qms.web import views

app_name = "web"
urlpatterns = [
    path("help/", views.show_help, name="help"),
    path("help/<slug:topic>", views.show_help, name="help-topic"),
    path("glossary/", views.show_glossary, name="glossary"),
    path("preferences/", views.save_preferences, name="preferences"),
    path("texts.js", views.send_texts, name="texts"),
    path("stay/", views.stay_signed_in, name="stay"),
]
