from django.urls import path

from kit.users import views

app_name = "users"
urlpatterns = [
    path("tokens/", views.token_list, name="tokens"),
    path("tokens/<uuid:pk>/revoke/", views.revoke_token, name="token-revoke"),
]
