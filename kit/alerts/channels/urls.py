from django.urls import path

from kit.alerts.channels import views

app_name = "channels"
urlpatterns = [
    path("", views.channel_list, name="list"),
    path("new/<slug:kind>/", views.add, name="add"),
    path("<uuid:pk>/", views.change, name="change"),
    path("<uuid:pk>/test/", views.test, name="test"),
    path("<uuid:pk>/link/", views.link, name="link"),
    path("<uuid:pk>/switch/", views.switch, name="switch"),
    path("<uuid:pk>/remove/", views.remove, name="remove"),
]
