from django.urls import path

from goals import views

app_name = "goals"
urlpatterns = [
    path("", views.board, name="list"),
    path("<uuid:pk>/", views.goal, name="goal"),
]
