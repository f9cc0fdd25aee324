"""What operators see of this app."""

from wallets import admin_books, admin_connections

__all__ = ("admin_books", "admin_connections")
