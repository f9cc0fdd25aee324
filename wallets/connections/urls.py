"""Addresses under /wallets/connections/; wallets.urls includes them."""

from django.urls import path

from wallets.connections import views as connection_views

urlpatterns = [
    path("connections/", connection_views.connections, name="connections"),
    path("connections/new/", connection_views.create, name="connection-create"),
    path("connections/<uuid:pk>/", connection_views.connection, name="connection"),
    path("connections/<uuid:pk>/edit/", connection_views.edit, name="connection-edit"),
    path("connections/<uuid:pk>/archive/", connection_views.archive, name="connection-archive"),
    path("connections/<uuid:pk>/state/", connection_views.change_state, name="connection-state"),
    path("connections/<uuid:pk>/syncs/", connection_views.sync, name="connection-sync"),
    path("connections/<uuid:pk>/suspense/<str:asset>/", connection_views.assign, name="connection-assign"),
]
