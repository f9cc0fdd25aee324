"""Addresses of saved strategies."""

from django.urls import path

from farms.composing import pages

app_name = "strategies"

urlpatterns = [
    path("", pages.saved, name="list"),
    path("new/", pages.new, name="new"),
    path("<uuid:pk>/", pages.strategy, name="strategy"),
    path("<uuid:pk>/edit/", pages.edit, name="edit"),
    path("<uuid:pk>/archive/", pages.archive, name="archive"),
    path("<uuid:pk>/restore/", pages.restore, name="restore"),
]
