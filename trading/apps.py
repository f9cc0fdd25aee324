from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    label = "trading"
    verbose_name = "Trading"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trading.selectors.consequences import of_movement
        from wallets.hierarchy.consequences import register

        register(of_movement)
