"""`manage.py rotate_credentials`: encrypt what older keys encrypted again with the first of MONIQO_CREDENTIAL_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from kit import tenancy
from kit.users import two_factor
from wallets.venues.credentials import rotate_credentials


class Command(BaseCommand):
    help = "Encrypt stored credentials with the newest key, so that older keys can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Batch by batch, each its own transaction: it may be interrupted and repeated."""
        rotated = 0
        with tenancy.system():
            while batch := self._batch():
                rotated += batch
            rotated += two_factor.rotate_secrets()
        self.stdout.write(f"{rotated} credentials were encrypted again; all of them use the first key now.")

    def _batch(self) -> int:
        with transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
            return rotate_credentials()
