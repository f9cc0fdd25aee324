from django.urls import path

from wallets.connections import urls as connection_urls
from wallets.hierarchy import placing, planner, proving, standing, statement, views

app_name = "wallets"
urlpatterns = [
    path("", views.tree, name="tree"),
    path("new/", views.create, name="create"),
    path("<uuid:pk>/", views.wallet, name="wallet"),
    path("<uuid:pk>/settings/", views.settings, name="settings"),
    path("<uuid:pk>/archive/", placing.archive, name="archive"),
    path("<uuid:pk>/restore/", placing.restore, name="restore"),
    path("<uuid:pk>/place/", placing.place, name="place"),
    path("<uuid:pk>/plan/", planner.wish, name="wish"),
    path("plans/<uuid:pk>/", planner.plan, name="plan"),
    path("plans/<uuid:pk>/apply/", planner.apply, name="plan-apply"),
    path("plans/<uuid:pk>/undo/", planner.undo, name="plan-undo"),
    path("proof/", proving.proof_page, name="proof"),
    path("<uuid:pk>/entries.csv", statement.statement_file, name="entries-csv"),
    path("<uuid:pk>/rules/", standing.rules_of, name="rules"),
    path("rules/<uuid:pk>/switch/", standing.switch, name="rule-switch"),
    path("<uuid:pk>/deposit/", views.move, {"action": "deposit"}, name="deposit"),
    path("<uuid:pk>/allocate/", views.move, {"action": "allocate"}, name="allocate"),
    path("<uuid:pk>/collect/", views.move, {"action": "collect"}, name="collect"),
    path("postings/<int:pk>/", views.posting, name="posting"),
    path("movements/<uuid:pk>/undo/", views.undo, name="undo"),
    *connection_urls.urlpatterns,
]
