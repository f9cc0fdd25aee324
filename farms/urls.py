from django.urls import path

from farms import place_pages, views
from farms.analytics import pages as analytics
from farms.assigning import pages as assigning
from farms.policy import pages as policy_pages
from farms.promoting import pages as promoting

app_name = "farms"
urlpatterns = [
    path("", views.farms, name="list"),
    path("new/", views.new_farm, name="new"),
    path("of/<uuid:pk>/", views.of_wallet, name="of-wallet"),
    path("runs/of/<uuid:pk>/", views.run_of_order, name="of-order"),
    path("<uuid:pk>/", views.farm, name="farm"),
    path("<uuid:pk>/assign/", assigning.assign, name="assign"),
    path("<uuid:pk>/analytics/", analytics.farm, name="farm-analytics"),
    path("<uuid:pk>/start/", views.switch_farm, {"action": "start"}, name="farm-start"),
    path("<uuid:pk>/pause/", views.switch_farm, {"action": "pause"}, name="farm-pause"),
    path("<uuid:pk>/edit/", views.edit_farm, name="farm-edit"),
    path("<uuid:pk>/policy/", policy_pages.policy, name="farm-policy"),
    path("<uuid:pk>/archive/", views.archive_farm, name="farm-archive"),
    path("<uuid:pk>/restore/", place_pages.restore_farm, name="farm-restore"),
    path("<uuid:pk>/move/", place_pages.move_farm, name="farm-move"),
    path("<uuid:pk>/hire/", views.hire, name="hire"),
    path("agents/<uuid:pk>/", views.agent, name="agent"),
    path("agents/<uuid:pk>/edit/", views.edit_agent, name="agent-edit"),
    path("agents/<uuid:pk>/archive/", views.archive_agent, name="agent-archive"),
    path("agents/<uuid:pk>/restore/", place_pages.restore_agent, name="agent-restore"),
    path("agents/<uuid:pk>/move/", place_pages.move_agent, name="agent-move"),
    path("agents/<uuid:pk>/analytics/", analytics.agent, name="agent-analytics"),
    path("agents/<uuid:pk>/promote/", promoting.promote, name="agent-promote"),
    path("agents/<uuid:pk>/start/", views.switch_agent, {"action": "start"}, name="agent-start"),
    path("agents/<uuid:pk>/pause/", views.switch_agent, {"action": "pause"}, name="agent-pause"),
]
