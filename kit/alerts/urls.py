from django.urls import path

from kit.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("acknowledge/", views.acknowledge_all, name="acknowledge-all"),
    path("mutes/", views.mute, name="mute"),
    path("mutes/<uuid:pk>/end/", views.unmute, name="unmute"),
    path("<uuid:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("<uuid:pk>/resolve/", views.resolve, name="resolve"),
    path("<uuid:pk>/toast/", views.toast, name="toast"),
]
