from django.urls import path

from moniqo.start import views

app_name = "start"
urlpatterns = [path("", views.start, name="start")]
