from importlib import import_module

from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "kit.users"
    label = "users"
    verbose_name = "Users"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("kit.users.signals")
