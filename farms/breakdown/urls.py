"""Addresses of breakdowns and histories."""

from django.urls import path

from farms.breakdown import pages

app_name = "breakdown"

urlpatterns = [
    path("by/", pages.breakdown, name="breakdown"),
    path("history/", pages.history, name="history"),
]
