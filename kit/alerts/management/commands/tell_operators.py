"""`manage.py tell_operators`: raise or resolve an alert of the platform from outside, as the supervisor does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from kit.alerts.models import PlatformAlert
from kit.alerts.services import raise_platform_alert, resolve_platform_alert
from kit.sentences import quoted


class Command(BaseCommand):
    help = "Tell operators that a part was started again; without a sentence, that it has stayed up since."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("part")
        parser.add_argument("sentence", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        key, sentence = f"restart:{options['part']}", options["sentence"]
        if not sentence:
            resolve_platform_alert(key=key)
            return
        raise_platform_alert(
            key=key,
            level=PlatformAlert.Level.WARNING,
            title=f"Started again: {options['part']}",
            body="{said}",
            said=quoted(sentence),
        )
