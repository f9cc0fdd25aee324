"""Addresses of the laboratory."""

from django.urls import path

from farms.laboratory import drift_pages, pages

app_name = "laboratory"

urlpatterns = [
    path("", pages.laboratory, name="list"),
    path("new/", pages.new, name="new"),
    path("compare/", pages.compare, name="compare"),
    path("drift/<uuid:pk>/", drift_pages.drift, name="drift"),
    path("<uuid:pk>/", pages.backtest, name="backtest"),
    path("<uuid:pk>/cancel/", pages.cancel, name="cancel"),
    path("<uuid:pk>/repeat/", pages.repeat, name="repeat"),
    path("<uuid:pk>/trades.csv", pages.trades, name="trades"),
]
