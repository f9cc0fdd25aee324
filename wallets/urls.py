from django.urls import path, re_path

from wallets import connection_urls, views

app_name = "wallets"
urlpatterns = [
    path("", views.tree, name="tree"),
    path("new/", views.create, name="create"),
    path("<uuid:pk>/", views.wallet, name="wallet"),
    path("<uuid:pk>/settings/", views.settings, name="settings"),
    re_path(r"^(?P<pk>[0-9a-f-]{36})/(?P<action>deposit|allocate|collect)/$", views.move, name="move"),
    *connection_urls.urlpatterns,
]
