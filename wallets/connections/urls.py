"""Addresses under /wallets/connections/; wallets.urls includes them."""

from django.urls import path

from wallets.connections import joining
from wallets.connections import views as connection_views

urlpatterns = [
    path("connections/", connection_views.connections, name="connections"),
    path("connections/venues/", connection_views.venues, name="venues"),
    path("connections/new/", joining.choose, name="connection-create"),
    path("connections/new/<slug:slug>/", joining.create, name="connection-join"),
    path("connections/<uuid:pk>/key/", joining.replace, name="connection-key"),
    path("connections/<uuid:pk>/key/try/", joining.try_key, name="connection-try"),
    path("connections/<uuid:pk>/live/", joining.live, name="connection-live"),
    path("connections/<uuid:pk>/watch/", joining.watch, name="connection-watch"),
    path("connections/<uuid:pk>/", connection_views.connection, name="connection"),
    path("connections/<uuid:pk>/edit/", connection_views.edit, name="connection-edit"),
    path("connections/<uuid:pk>/archive/", connection_views.archive, name="connection-archive"),
    path("connections/<uuid:pk>/state/", connection_views.change_state, name="connection-state"),
    path("connections/<uuid:pk>/syncs/", connection_views.sync, name="connection-sync"),
    path("connections/<uuid:pk>/suspense/", connection_views.assign_all, name="connection-assign-all"),
    path("connections/<uuid:pk>/suspense/<path:asset>/", connection_views.assign, name="connection-assign"),
]
