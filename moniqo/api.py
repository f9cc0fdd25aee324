"""The one API. Each app brings a router; this module mounts them and gives errors their form."""

from ninja import NinjaAPI

api = NinjaAPI(title="Moniqo", version="1.0.0", docs_url="/docs", urls_namespace="api")
