"""The address of what changed the value."""

from django.urls import path

from portfolio.decomposition import pages

app_name = "decomposition"

urlpatterns = [path("", pages.changes, name="changes")]
