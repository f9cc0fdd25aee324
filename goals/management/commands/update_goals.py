"""Measure goals and do what is to be done, now and not at the next tick: `manage.py update_goals [--owner EMAIL]`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from goals import services
from kit import tenancy
from kit.users.models import User


class Command(BaseCommand):
    help = "Measure all goals, end those that are reached or over, and carry out what is to be done then."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner", metavar="EMAIL", help="only this owner's")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.system():
            owners = dict(User.objects.filter(pk__in=services.due_owners()).values_list("pk", "email"))
            due = services.due_goals()
            if options["owner"]:
                if not User.objects.filter(email=options["owner"]).exists():
                    raise CommandError(
                        f"There is no user {options['owner']}: give the address that somebody signs in with."
                    )
                owners = {pk: email for pk, email in owners.items() if email == options["owner"]}
                due = [
                    one
                    for one in due
                    if one[0] in set(User.objects.filter(email=options["owner"]).values_list("pk", flat=True))
                ]
        for owner_id, email in owners.items():
            with tenancy.tenant(owner_id):
                ended = services.update(owner_id=owner_id)
            due += [(owner_id, goal_id) for goal_id in ended]
            self.stdout.write(f"{email}: {len(ended)} ended")
        for owner_id, goal_id in dict.fromkeys(due):
            with tenancy.tenant(owner_id):
                done = services.carry_out(owner_id=owner_id, goal_id=goal_id)
            self.stdout.write(f"goal {goal_id}: {'done' if done else 'something is left for later'}")
