from django.apps import AppConfig


class PortfolioConfig(AppConfig):
    name = "portfolio"
    label = "portfolio"
    verbose_name = "Portfolio"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from portfolio import proof
        from portfolio.allocation.services import require_same
        from portfolio.losses import fallen_today
        from portfolio.models import PortfolioState
        from portfolio.moving import earned_before, followed, handed_over
        from portfolio.rebalancing.rules import require_waiting
        from trading.positions import late
        from trading.risk import falls
        from wallets.hierarchy import archiving, plans
        from wallets.ledger import checks
        from wallets.venues import handing

        archiving.register(followed, first=PortfolioState.held)
        checks.register(*proof.CHECKS)
        falls.register(fallen_today)
        handing.register(handed_over)
        late.register(earned_before)
        plans.register(require_waiting)
        plans.register(require_same)
