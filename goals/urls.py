from django.urls import path

from goals import views

app_name = "goals"
urlpatterns = [
    path("", views.board, name="list"),
    path("card/", views.card, name="card"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.goal, name="goal"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/start/", views.switch, {"action": "start"}, name="start"),
    path("<uuid:pk>/pause/", views.switch, {"action": "pause"}, name="pause"),
    path("<uuid:pk>/resume/", views.switch, {"action": "resume"}, name="resume"),
]
