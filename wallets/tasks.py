"""What this app does in the background. Each task calls one service."""

from uuid import UUID

from celery import shared_task

from wallets.ledger import proof
from wallets.sync import runs as sync


@shared_task(name="wallets.tasks.sync_connection")
def sync_connection(owner_id: str, connection_id: str, run_id: str | None = None) -> None:
    """Sync one connection; with `run_id` carry out the run that a page is already watching."""
    sync.sync_connection(
        owner_id=UUID(owner_id), connection_id=UUID(connection_id), run_id=UUID(run_id) if run_id else None
    )


@shared_task(name="wallets.tasks.verify_ledger")
def verify_ledger() -> None:
    """Prove every owner's books, and tell whom it concerns when they contradict themselves."""
    proof.prove_ledger()


@shared_task(name="wallets.tasks.prune_sync_log")
def prune_sync_log() -> None:
    """Forget syncs that are older than the setting says."""
    sync.prune_sync_log()
