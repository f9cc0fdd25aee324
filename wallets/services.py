"""Everything that writes in this app, by the name other apps call it."""

from wallets.connections import create_demo_connection, ensure_demo_platform, open_paper_account
from wallets.hierarchy import (
    Preview,
    Side,
    allocate,
    collect,
    create_wallet,
    deposit,
    preview_allocate,
    preview_collect,
    preview_deposit,
    update_wallet,
)
from wallets.sync import assign_suspense, prune_sync_log, request_sync, sync_connection

__all__ = (
    "Preview",
    "Side",
    "allocate",
    "assign_suspense",
    "collect",
    "create_demo_connection",
    "create_wallet",
    "deposit",
    "ensure_demo_platform",
    "open_paper_account",
    "preview_allocate",
    "preview_collect",
    "preview_deposit",
    "prune_sync_log",
    "request_sync",
    "sync_connection",
    "update_wallet",
)
