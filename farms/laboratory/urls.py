"""Addresses of the laboratory."""

from django.urls import path

from farms.laboratory import download_pages, drift_pages, pages, sweep_pages

app_name = "laboratory"

urlpatterns = [
    path("", pages.laboratory, name="list"),
    path("new/", pages.new, name="new"),
    path("compare/", pages.compare, name="compare"),
    path("drift/<uuid:pk>/", drift_pages.drift, name="drift"),
    path("candles/", download_pages.candles, name="candles"),
    path("candles/<uuid:pk>/cancel/", download_pages.cancel, name="cancel-download"),
    path("sweeps/", sweep_pages.listed, name="sweeps"),
    path("sweeps/new/", sweep_pages.new, name="new-sweep"),
    path("sweeps/<uuid:pk>/", sweep_pages.sweep, name="sweep"),
    path("sweeps/<uuid:pk>/cancel/", sweep_pages.cancel, name="cancel-sweep"),
    path("sweeps/<uuid:pk>/trials.csv", sweep_pages.trials, name="trials"),
    path("sweeps/<uuid:pk>/trials/<int:number>/backtest/", sweep_pages.backtest, name="backtest-trial"),
    path("<uuid:pk>/", pages.backtest, name="backtest"),
    path("<uuid:pk>/cancel/", pages.cancel, name="cancel"),
    path("<uuid:pk>/repeat/", pages.repeat, name="repeat"),
    path("<uuid:pk>/trades.csv", pages.trades, name="trades"),
]
