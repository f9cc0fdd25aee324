#!/usr/bin/env python
"""Django's command line, with database and Redis found or started first.

`up`, `down`, `status`, `health` and `create_roles` run without Django, because they prepare what Django needs.
"""

import os
import sys

NEEDS_NO_SERVICES = {
    "backtest",
    "check",
    "collectstatic",
    "drill",
    "help",
    "makemigrations",
    "simulate",
    "version",
    "--help",
    "--version",
}

# A `migrate` with other options than these asks for something that the ready-made schema does not know.
PLAIN = {"--no-input", "--noinput", "--skip-checks"}


def main(arguments: list[str]) -> None:
    """Run one command; a domain error is one sentence on standard error and exit code 1."""
    command = arguments[1] if len(arguments) > 1 else "help"
    from kit.errors import MoniqoError

    try:
        from kit.embedded import ensure, operations, schema

        if command in operations.COMMANDS:
            sys.exit(operations.COMMANDS[command](arguments[2:]))
        if command not in NEEDS_NO_SERVICES:
            ensure()
        if command == "migrate" and not any(argument.startswith("--database") for argument in arguments):
            if set(arguments[2:]) <= PLAIN:
                schema.load_from_environment()
            arguments = [*arguments, "--database", "owner"]  # only the owner may change tables

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
        from django.core.management import execute_from_command_line

        execute_from_command_line(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(os.EX_IOERR)
    except MoniqoError as error:
        sys.exit(f"moniqo: {error}")


if __name__ == "__main__":
    main(sys.argv)
