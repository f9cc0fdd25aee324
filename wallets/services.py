"""What other code may call to write in this app, under one name each; the ledger itself is `wallets.ledger`."""

from wallets.hierarchy.movements import (
    Preview,
    Side,
    allocate,
    collect,
    deposit,
    preview_allocate,
    preview_collect,
    preview_deposit,
)
from wallets.hierarchy.places import create_wallet, update_wallet
from wallets.hierarchy.routes import Move, move_along, route
from wallets.hierarchy.undoing import undo
from wallets.sync.runs import assign_suspense, prune_sync_log, request_sync, sync_connection
from wallets.venues.accounts import create_demo_connection, open_paper_account

__all__ = (
    "Move",
    "Preview",
    "Side",
    "allocate",
    "assign_suspense",
    "collect",
    "create_demo_connection",
    "create_wallet",
    "deposit",
    "move_along",
    "open_paper_account",
    "preview_allocate",
    "preview_collect",
    "preview_deposit",
    "prune_sync_log",
    "request_sync",
    "route",
    "sync_connection",
    "undo",
    "update_wallet",
)
