from django.urls import path

from kit.users import views

app_name = "users"
urlpatterns = [
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<uuid:pk>/", views.token, name="token"),
    path("tokens/<uuid:pk>/revoke/", views.revoke_token, name="token-revoke"),
    path("tokens/<uuid:pk>/asking/", views.let_ask_first, name="token-asking"),
    path("two-factor/", views.second_factor, name="two-factor"),
    path("two-factor/begin/", views.begin_second_factor, name="two-factor-begin"),
    path("two-factor/confirm/", views.confirm_second_factor, name="two-factor-confirm"),
    path("two-factor/codes/", views.replace_recovery_codes, name="two-factor-codes"),
    path("two-factor/off/", views.end_second_factor, name="two-factor-off"),
]
