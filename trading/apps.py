from django.apps import AppConfig


class TradingConfig(AppConfig):
    name = "trading"
    label = "trading"
    verbose_name = "Trading"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from trading.orders import adopting, margin, proof
        from trading.selectors import first_limits
        from trading.selectors.consequences import of_movement
        from trading.selectors.earnings import of_wallets
        from trading.selectors.obligations import of_connections
        from wallets.connections import limits
        from wallets.hierarchy import consequences, earnings
        from wallets.ledger import checks
        from wallets.sync import explaining, standing
        from wallets.venues import obligations

        consequences.register(of_movement)
        explaining.register(adopting.explain)
        standing.register(margin.holds_of)
        obligations.register(of_connections)
        earnings.register(of_wallets)
        checks.register(*proof.CHECKS, stages=proof.STAGES)
        limits.register(first_limits.usual_limits, first_limits.set_first_limits, first_limits.limits_in_force)
