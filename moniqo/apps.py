"""What must hold before Moniqo does anything in production."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.signals import connection_created

from kit import arrays, sealing
from kit.alerts.channels import sources


def refuse_unbound_role(sender: object, connection: Any, **kwargs: Any) -> None:
    """Refuse a role of pages and tasks that row-level security does not bind.

    Asked of the first connection, before any other statement. Raises ImproperlyConfigured.
    """
    if connection.alias != DEFAULT_DB_ALIAS:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        role, unbound = cursor.fetchone()
    if unbound:
        connection.close()
        raise ImproperlyConfigured(
            f"DATABASE_URL signs in as {role}, a superuser or a role that bypasses row-level security: "
            "every user would see everybody's money. Use the app role that `manage.py create_roles` makes."
        )
    connection_created.disconnect(refuse_unbound_role)


def _asked(name: str) -> Any:
    """A function of what is told of a fund, loaded once it is asked for."""
    return lambda *given: getattr(import_module("moniqo.home.telling"), name)(*given)


class MoniqoConfig(AppConfig):
    name = "moniqo"

    def ready(self) -> None:
        arrays.register()
        import_module("moniqo.celery")  # whose queue every process sends its tasks to
        import_module("moniqo.checks")
        import_module("moniqo.protocols.proposals").register_all()
        sources.register(sources.Sources(_asked("status"), _asked("positions"), _asked("pause")))
        if settings.PRODUCTION:
            connection_created.connect(refuse_unbound_role)
            sealing.key_ids()  # a key that is none stops the start, not the first trader who enters theirs
