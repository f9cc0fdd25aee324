"""What operators see of this app."""

from wallets import admin_connections

__all__ = ("admin_connections",)
