"""Addresses of rules that rebalance, beside those of the wallets that they are about."""

from django.urls import path

from portfolio.rebalancing import pages

app_name = "rebalancing"

urlpatterns = [
    path("<uuid:pk>/rebalancing/", pages.rule, name="rule"),
    path("<uuid:pk>/rebalancing/switch/", pages.switch, name="switch"),
    path("<uuid:pk>/rebalancing/remove/", pages.remove, name="remove"),
    path("rebalancing/<uuid:pk>/", pages.run, name="run"),
    path("rebalancing/<uuid:pk>/approve/", pages.approve, name="approve"),
    path("rebalancing/<uuid:pk>/decline/", pages.decline, name="decline"),
]
