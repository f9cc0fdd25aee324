from django.urls import path

from trading import (
    adopt_pages,
    amend_pages,
    cancel_pages,
    leaving_pages,
    level_pages,
    limit_pages,
    stop_pages,
    ticket_pages,
    views,
)

app_name = "trading"
urlpatterns = [
    path("orders/", views.orders, name="orders"),
    path("orders/new/", ticket_pages.ticket, name="ticket"),
    path("orders/cancel/", cancel_pages.cancel_all, name="cancel-all"),
    path("orders/<uuid:pk>/", views.order, name="order"),
    path("orders/<uuid:pk>/cancel/", views.cancel, name="order-cancel"),
    path("orders/<uuid:pk>/amend/", amend_pages.amend, name="order-amend"),
    path("limits/<uuid:pk>/", limit_pages.wallet_limits, name="limits"),
    path("limits/<uuid:pk>/asked/end/", limit_pages.end_ai_state, name="ai-state-end"),
    path("limits/connection/<uuid:pk>/first/", limit_pages.first_limits, name="first-limits"),
    path("limits/connection/<uuid:pk>/", limit_pages.connection_limits, name="connection-limits"),
    path("stop/<uuid:pk>/", stop_pages.stop, name="stop"),
    path("stop/<uuid:pk>/off/", stop_pages.call_off, name="stop-call-off"),
    path("stop/<uuid:pk>/protection/", stop_pages.protection, name="protection"),
    path("positions/", views.positions, name="positions"),
    path("positions/<uuid:pk>/", views.position, name="position"),
    path("positions/<uuid:pk>/close/", views.close, name="position-close"),
    path("positions/<uuid:pk>/levels/", level_pages.levels, name="levels"),
    path("positions/of/<uuid:pk>/take-up/", adopt_pages.adopt, name="adopt"),
    path("positions/of/<uuid:pk>/leave/", leaving_pages.leave, name="leave"),
    path("trades/", views.trades, name="trades"),
]
