"""Addresses of the home page and the system page."""

from django.urls import path

from qms.home import views

app_name = "home"

urlpatterns = [
    path("", views.show_home, name="home"),
    path("system/", views.show_system, name="system"),
    path("system/first-run/", views.show_first_run, name="first-run"),
    path("healthz", views.show_health, name="health"),
]
