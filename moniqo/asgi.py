"""The web process: live streams are served before Django, which would keep a thread and a connection for each."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "moniqo.settings")
os.environ.setdefault("MONIQO_PROCESS", "web")

django_application = get_asgi_application()

from moniqo.live.asgi import dispatch  # noqa: E402 - reads settings, which the line above prepared

application = dispatch(django_application)
