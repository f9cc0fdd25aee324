"""Addresses of exposure and its limits."""

from django.urls import path

from portfolio.exposure import pages

app_name = "exposure"

urlpatterns = [
    path("", pages.exposure, name="exposure"),
    path("limits/<uuid:pk>/remove/", pages.remove, name="remove"),
    path("limits/<uuid:pk>/release/", pages.release, name="release"),
]
