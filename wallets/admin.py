"""What operators see of this app."""

from wallets.connections import admin as admin_connections
from wallets.ledger import admin as admin_books

__all__ = ("admin_books", "admin_connections")
