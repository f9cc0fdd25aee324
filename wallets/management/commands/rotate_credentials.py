"""`manage.py rotate_credentials`: seal what older keys sealed again with the first of MONIQO_CREDENTIAL_KEYS."""

from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from kit import resealing, tenancy
from kit.alerts.channels import addresses
from kit.users import two_factor
from wallets.venues.credentials import count_old_credentials, rotate_credentials

BAR: Final = 30


class Command(BaseCommand):
    help = "Encrypt stored credentials with the newest key, so that older keys can be dropped."

    def handle(self, *args: Any, **options: Any) -> None:
        """Batch by batch, each its own transaction: it may be killed and begun anew. Exit code 1: some are left."""
        total = count_old_credentials()
        rotated, seen, after = 0, 0, 0
        unreadable: list[str] = []
        while (batch := rotate_credentials(after=after)).last is not None:
            rotated, after = rotated + batch.rotated, batch.last
            unreadable += batch.unreadable
            seen += batch.rotated + len(batch.unreadable)
            self._show(seen, total)
        with tenancy.system():
            factors, locked_out = two_factor.rotate_secrets()
        channels, unknown = addresses.rotate_addresses()
        others, lost = resealing.rotate_others()
        rotated += factors + channels + others
        if total and self.stdout.isatty():
            self.stdout.write("")
        self.stdout.write(f"{rotated} credentials were encrypted again with the first key.")
        for line in unreadable:
            self.stderr.write(line)
        for email in locked_out:
            self.stderr.write(f"{email}: the key of their authenticator app needs one that is not configured.")
        for line in unknown:
            self.stderr.write(f"{line}. The channel's address needs a key that is not configured.")
        for line in lost:
            self.stderr.write(f"{line} has a key that needs one that is not configured.")
        if left := len(unreadable) + len(locked_out) + len(unknown) + len(lost):
            raise CommandError(
                f"{left} credentials could not be read and are as they were: put the key that wrote them "
                "behind the first in MONIQO_CREDENTIAL_KEYS and repeat, or have their owners enter them again; a "
                "second factor is set up anew once an operator has removed it."
            )

    def _show(self, seen: int, total: int) -> None:
        """How far it is, in one line of a terminal; a log gets the result alone."""
        if self.stdout.isatty():
            full = BAR * min(seen, total) // max(total, 1)
            self.stdout.write(f"\r[{'#' * full}{'.' * (BAR - full)}] {seen:,} of {total:,}", ending="")
            self.stdout.flush()
