"""The web process: live streams are served before Django, which would keep a thread and a connection for each, and so
is what programs of language models ask, whose package wants to be held by the event loop."""

import os
from typing import cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
os.environ.setdefault("MONIQO_PROCESS", "web")

django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 - the line above prepared them
from django.db import connection  # noqa: E402 - as above

from kit import garbage  # noqa: E402 - as above
from kit.bodies import Application, bounded  # noqa: E402 - as above
from kit.crowding import Handler  # noqa: E402 - as above
from kit.live.asgi import dispatch  # noqa: E402 - as above
from moniqo.protocols.agui.asgi import serve as serve_agui  # noqa: E402 - as above
from moniqo.protocols.mcp.asgi import serve as serve_mcp  # noqa: E402 - as above

if settings.PRODUCTION:
    # A wrong database or a dangerous role stops the start, not the first visitor.
    connection.ensure_connection()
    connection.close()

# A body is read before its request comes to the door of `Handler`: who sends slowly keeps nobody out.
django_application = cast("Application", Handler())
_programs = serve_mcp(django_application, serve_agui(django_application, bounded(django_application)))
application = dispatch(_programs)
garbage.settle()
