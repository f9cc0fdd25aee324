from django.urls import path

from kit.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.approvals, name="list"),
    path("<uuid:pk>/answer/", views.answer, name="answer"),
]
