"""Addresses of plans by method, beside those of the wallets that they are about."""

from django.urls import path

from portfolio.allocation import pages

app_name = "allocation"

urlpatterns = [
    path("<uuid:pk>/methods/", pages.choose, name="choose"),
    path("<uuid:pk>/methods/compared/", pages.compared, name="compared"),
    path("<uuid:pk>/risk/", pages.risk, name="risk"),
    path("methods/<uuid:pk>/", pages.plan, name="plan"),
    path("methods/<uuid:pk>/apply/", pages.apply, name="apply"),
    path("methods/<uuid:pk>/undo/", pages.undo, name="undo"),
]
