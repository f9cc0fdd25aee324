from django.apps import AppConfig


class GoalsConfig(AppConfig):
    name = "goals"
    label = "goals"
    verbose_name = "Goals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the pages of farms and agents, which stand below, what is wanted of them."""
        from farms.analytics.paths import tell_from  # only here: models are not there before
        from goals.paths import wanted_of

        tell_from(wanted_of)
