"""Addresses of advice."""

from django.urls import path

from farms.advice import pages

app_name = "advice"

urlpatterns = [
    path("", pages.listed, name="list"),
    path("ask/", pages.ask, name="ask"),
    path("honesty/", pages.honest, name="honesty"),
    path("settings/", pages.settings, name="settings"),
    path("agents/<uuid:pk>/", pages.level, name="level"),
    path("agents/<uuid:pk>/card/", pages.card, name="card"),
    path("farms/<uuid:pk>/", pages.farm, name="farm"),
    path("farms/<uuid:pk>/card/", pages.farm_card, name="farm-card"),
    path("markets/", pages.markets, name="markets"),
    path("markets/<int:pk>/<str:timeframe>/", pages.market, name="market"),
    path("proposals/<uuid:pk>/", pages.proposal, name="proposal"),
    path("<uuid:pk>/", pages.call, name="call"),
]
