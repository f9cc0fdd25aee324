"""Measure goals and do what is to be done, now and not at the next tick: `manage.py update_goals [--owner EMAIL]`."""

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from goals import services
from kit import tenancy
from kit.users.models import User

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Measure all goals, end those that are reached or over, and carry out what is to be done then."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner", metavar="EMAIL", help="only this owner's")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.system():
            asked = User.objects.filter(email=options["owner"]) if options["owner"] else User.objects.all()
            if options["owner"] and not asked.exists():
                raise CommandError(
                    f"There is no user {options['owner']}: give the address that somebody signs in with."
                )
            emails = dict(asked.values_list("pk", "email"))
            owners = [owner_id for owner_id in services.due_owners() if owner_id in emails]
            due = [one for one in services.due_goals() if one[0] in emails]
        failed = 0
        for owner_id in owners:
            try:
                with tenancy.tenant(owner_id):
                    ended = services.update(owner_id=owner_id)
            except Exception:  # one owner's trouble is nobody else's
                logger.exception("The goals of %s were not measured", owner_id)
                failed += 1
                continue
            due += [(owner_id, goal_id) for goal_id in ended]
            self.stdout.write(f"{emails[owner_id]}: {len(ended)} ended")
        for owner_id, goal_id in dict.fromkeys(due):
            with tenancy.tenant(owner_id):
                done = services.carry_out(owner_id=owner_id, goal_id=goal_id)
            self.stdout.write(f"goal {goal_id}: {'done' if done else 'something is left for later'}")
        if failed:
            raise CommandError(f"The goals of {failed} owners were not measured: the log says why.")
