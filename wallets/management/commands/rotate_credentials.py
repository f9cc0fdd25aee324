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
            factors, locked_out = two_factor.rotate_secrets()
            rotated += factors
        self.stdout.write(f"{rotated} credentials were encrypted again with the first key.")
        for error in unreadable:
            self.stderr.write(str(error))
        for email in locked_out:
            self.stderr.write(f"{email}: the key of their authenticator app needs one that is not configured.")
        if left := len(unreadable) + len(locked_out):
            raise CommandError(
                f"{left} credentials could not be read and are as they were: put the key that wrote them "
                "behind the first in MONIQO_CREDENTIAL_KEYS and repeat, or have their owners enter them again; a "
                "second factor is set up anew once an operator has removed it."
            )

    def _batch(self, after: int) -> Rotation:
        with transaction.atomic(using=tenancy.SYSTEM_DB_ALIAS):
            return rotate_credentials(after=after)
