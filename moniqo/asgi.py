"""The web process: live streams are served before Django, which would keep a thread and a connection for each."""

import os
from typing import cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
os.environ.setdefault("MONIQO_PROCESS", "web")

django_application = get_asgi_application()

from django.conf import settings  # noqa: E402 - the line above prepared them
from django.db import connection  # noqa: E402

from kit.bodies import Application, bounded  # noqa: E402
from kit.live.asgi import dispatch  # noqa: E402

if settings.PRODUCTION:
    # A wrong database or a dangerous role stops the start, not the first visitor.
    connection.ensure_connection()
    connection.close()

application = dispatch(bounded(cast("Application", django_application)))
