"""Every address of the site, by app."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path

from kit.audit import views as audit_views
from kit.live import views as live_views
from kit.users import signing_in
from kit.users import views as user_views
from moniqo import health
from moniqo.api import api

handler500 = "kit.outages.server_error"

urlpatterns = [
    path("", include("moniqo.home.urls")),
    path("start/", include("moniqo.start.urls")),
    path("wallets/", include("wallets.urls")),
    path("wallets/", include("portfolio.allocation.urls")),
    path("portfolio/", include("portfolio.reports.urls")),
    path("portfolio/", include("farms.breakdown.urls")),
    path("portfolio/changes/", include("portfolio.decomposition.urls")),
    path("wallets/", include("portfolio.rebalancing.urls")),
    path("portfolio/exposure/", include("portfolio.exposure.urls")),
    path("farms/", include("farms.urls")),
    path("strategies/", include("farms.composing.urls")),
    path("laboratory/", include("farms.laboratory.urls")),
    path("advice/", include("farms.advice.urls")),
    path("goals/", include("goals.urls")),
    path("trading/", include("trading.urls")),
    path("alerts/", include("kit.alerts.urls")),
    path("approvals/", include("kit.approvals.urls")),
    path("", include("moniqo.ui.urls")),
    path("live/session", live_views.session, name="live-session"),
    path("login/", signing_in.LoginView.as_view(), name="login"),
    path("login/code/", signing_in.second_step, name="login-code"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", user_views.PasswordChangeView.as_view(), name="password_change"),
    path("password/done/", auth_views.PasswordChangeDoneView.as_view(), name="password_change_done"),
    path("settings/", include("kit.users.urls")),
    path("settings/channels/", include("kit.alerts.channels.urls")),
    path("settings/log/", audit_views.log, name="audit-log"),
    path("api/v1/", api.urls),
    path("admin/login/", signing_in.admin_login),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

if settings.DEBUG:
    from moniqo.ui import gallery

    urlpatterns.append(path("ui/", gallery.components, name="ui-kit"))
