"""What other code may call to write in this app, under one name each; the ledger itself is `wallets.ledger`."""

from wallets.hierarchy.archiving import archive_wallet, move_wallet, restore_wallet
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
from wallets.hierarchy.rules import apply_rules, make_rule, switch_rule
from wallets.hierarchy.undoing import undo
from wallets.sync.arriving import set_arrivals
from wallets.sync.derivatives import give_derivatives
from wallets.sync.runs import prune_sync_log, request_sync, sync_connection
from wallets.sync.suspense import assign_suspense
from wallets.sync.unassigned import claim, release_archived
from wallets.venues.accounts import create_demo_connection, open_paper_account

__all__ = (
    "Move",
    "Preview",
    "Side",
    "allocate",
    "apply_rules",
    "archive_wallet",
    "assign_suspense",
    "claim",
    "collect",
    "create_demo_connection",
    "create_wallet",
    "deposit",
    "give_derivatives",
    "make_rule",
    "move_along",
    "move_wallet",
    "open_paper_account",
    "preview_allocate",
    "preview_collect",
    "preview_deposit",
    "prune_sync_log",
    "release_archived",
    "request_sync",
    "restore_wallet",
    "route",
    "set_arrivals",
    "switch_rule",
    "sync_connection",
    "undo",
    "update_wallet",
)
