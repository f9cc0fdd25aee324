from django.urls import path

from moniqo.ui import views

app_name = "ui"
urlpatterns = [
    path("jump/", views.jump, name="jump"),
    path("pulse/", views.pulse, name="pulse"),
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/privacy/", views.privacy, name="privacy"),
    path("preferences/theme/", views.theme, name="theme"),
]
