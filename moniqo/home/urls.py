from django.urls import path

from moniqo.home import views

app_name = "portfolio"
urlpatterns = [
    path("", views.home, name="home"),
    path("portfolio/marks/", views.marks, name="marks"),
    path("portfolio/calendar/", views.calendar, name="calendar"),
    path("portfolio/statistics/", views.statistics, name="statistics"),
    path("portfolio/sync/", views.sync, name="sync"),
    path("portfolio/explain/<slug:figure>/", views.explain, name="explain"),
]
