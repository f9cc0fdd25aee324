"""Everything that writes in this app, by the name other apps call it."""

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

__all__ = (
    "Preview",
    "Side",
    "allocate",
    "collect",
    "create_wallet",
    "deposit",
    "preview_allocate",
    "preview_collect",
    "preview_deposit",
    "update_wallet",
)
