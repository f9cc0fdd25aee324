from django.apps import AppConfig


class WalletsConfig(AppConfig):
    name = "wallets"
    label = "wallets"
    verbose_name = "Wallets"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from kit.users import bindings
        from wallets.hierarchy.places import named_places, stands_below

        bindings.register(named_places, stands_below)
