from django.urls import path

from wallets.connections import urls as connection_urls
from wallets.hierarchy import arrival_pages, place_pages, plan_pages, proof_pages, rule_pages, statement, views

app_name = "wallets"
urlpatterns = [
    path("", views.tree, name="tree"),
    path("new/", views.create, name="create"),
    path("<uuid:pk>/", views.wallet, name="wallet"),
    path("<uuid:pk>/settings/", views.settings, name="settings"),
    path("<uuid:pk>/archive/", place_pages.archive, name="archive"),
    path("<uuid:pk>/restore/", place_pages.restore, name="restore"),
    path("<uuid:pk>/place/", place_pages.place, name="place"),
    path("<uuid:pk>/plan/", plan_pages.wish, name="wish"),
    path("plans/<uuid:pk>/", plan_pages.plan, name="plan"),
    path("plans/<uuid:pk>/apply/", plan_pages.apply, name="plan-apply"),
    path("plans/<uuid:pk>/undo/", plan_pages.undo, name="plan-undo"),
    path("proof/", proof_pages.proof_page, name="proof"),
    path("<uuid:pk>/entries.csv", statement.statement_file, name="entries-csv"),
    path("<uuid:pk>/rules/", rule_pages.rules_of, name="rules"),
    path("rules/<uuid:pk>/switch/", rule_pages.switch, name="rule-switch"),
    path("<uuid:pk>/deposit/", views.move, {"action": "deposit"}, name="deposit"),
    path("<uuid:pk>/allocate/", views.move, {"action": "allocate"}, name="allocate"),
    path("<uuid:pk>/collect/", views.move, {"action": "collect"}, name="collect"),
    path("postings/<int:pk>/", views.posting, name="posting"),
    path("movements/<uuid:pk>/undo/", views.undo, name="undo"),
    path("connections/<uuid:pk>/arrivals/", arrival_pages.arrivals, name="arrivals"),
    path("connections/<uuid:pk>/arrivals/take/", arrival_pages.take, name="arrivals-take"),
    path("connections/<uuid:pk>/arrivals/derivatives/", arrival_pages.derivatives, name="arrivals-derivatives"),
    *connection_urls.urlpatterns,
]
