from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    label = "trading"
    verbose_name = "Trading"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trading.selectors.consequences import of_movement
        from trading.selectors.earnings import of_wallets
        from trading.selectors.obligations import of_connections
        from wallets.hierarchy import consequences, earnings
        from wallets.venues import obligations

        consequences.register(of_movement)
        obligations.register(of_connections)
        earnings.register(of_wallets)
