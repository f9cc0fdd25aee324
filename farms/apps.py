from django.apps import AppConfig


class FarmsConfig(AppConfig):
    name = "farms"
    label = "farms"
    verbose_name = "Farms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from farms.advice import approving, endpoints
        from farms.selectors.traits import traits_in_wallets
        from farms.selectors.wallets import work_in_wallets
        from kit import resealing
        from kit.approvals import acts
        from portfolio.allocation import filters
        from wallets.hierarchy import states

        states.register(work_in_wallets)
        filters.register(traits_in_wallets)
        resealing.keep(resealing.Kept(endpoints.rotate_keys, endpoints.count_old_keys))
        acts.register(approving.QUESTION)
