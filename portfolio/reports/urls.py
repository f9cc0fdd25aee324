"""Addresses of what looks back."""

from django.urls import path

from portfolio.reports import pages

app_name = "reports"

urlpatterns = [
    path("contribution/", pages.contribution, name="contribution"),
    path("past/", pages.past, name="past"),
    path("months/", pages.months, name="months"),
    path("compare/", pages.compare, name="compare"),
    path("report/", pages.report, name="report"),
]
