"""`manage.py rotate_credentials`: encrypt what older keys encrypted again with the first of MONIQO_CREDENTIAL_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from kit import tenancy
from kit.users import two_factor
from wallets.venues.credentials import CredentialError, Rotation, rotate_credentials


class Command(BaseCommand):
    help = "Encrypt stored credentials with the newest key, so that older keys can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Batch by batch, each its own transaction: it may be interrupted and repeated. Exit code 1: some are left."""
        rotated, after = 0, 0
        unreadable: list[CredentialError] = []
        with tenancy.system():
            while (batch := self._batch(after)).last is not None:
                rotated, after = rotated + batch.rotated, batch.last
                unreadable += batch.unreadable
            rotated += two_factor.rotate_secrets()
        self.stdout.write(f"{rotated} credentials were encrypted again with the first key.")
        if unreadable:
            for error in unreadable:
                self.stderr.write(str(error))
            raise CommandError(
                f"{len(unreadable)} credentials could not be read and are as they were: put the key that wrote them "
                "behind the first in MONIQO_CREDENTIAL_KEYS and repeat, or have their owners enter them again."
            )

    def _batch(self, after: int) -> Rotation:
        with transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
            return rotate_credentials(after=after)
