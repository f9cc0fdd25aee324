from django.apps import AppConfig


class FarmsConfig(AppConfig):
    name = "farms"
    label = "farms"
    verbose_name = "Farms"
    default_auto_field = "django.db.models.BigAutoField"
