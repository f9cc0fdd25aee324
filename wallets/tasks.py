"""What this app does in the background. Each task calls one service."""

from typing import Final
from uuid import UUID

from celery import shared_task

from kit import tenancy
from kit.tasks import SelfCountingTask
from wallets.hierarchy import plans, rules
from wallets.ledger import proof
from wallets.sync import following, platforms, rounds
from wallets.sync import runs as sync
from wallets.sync.positions import mark_everybodys
from wallets.venues import joining, keeping
from wallets.venues.demo import following as demo
from wallets.venues.demo import listing as perpetuals

# One slow venue may hold a process of the queue this long, and no longer: others wait behind it.
SYNC_SECONDS_MOST: Final = 60
KILLED_AFTER_SECONDS: Final = 90
# A worker that syncs many takes no more after half a minute, and sees through what it has.
ROUND_SECONDS_MOST: Final = 240
# How often the prices of exchanges are asked for; what a busy worker could not begin in time is dropped.
FOLLOW_SECONDS: Final = 15
RULES_EXPIRE: Final = 60  # the next one comes anyway


@shared_task(
    name="wallets.tasks.sync_connection",
    base=SelfCountingTask,
    soft_time_limit=SYNC_SECONDS_MOST,
    time_limit=KILLED_AFTER_SECONDS,
)
def sync_connection(owner_id: str, connection_id: str, run_id: str | None = None) -> None:
    """Sync one connection; with `run_id` carry out the run that a page is already watching."""
    sync.sync_connection(
        owner_id=UUID(owner_id), connection_id=UUID(connection_id), run_id=UUID(run_id) if run_id else None
    )


@shared_task(name="wallets.tasks.sync_told", base=SelfCountingTask)
def sync_told(owner_id: str, connection_id: str) -> None:
    """Have a connection synced whose venue has told that something happened; a sync that is under way may have asked
    before it did, so another one follows it."""
    with tenancy.tenant(UUID(owner_id)):
        sync.request_soon(owner_id=UUID(owner_id), connection_ids=[UUID(connection_id)])


@shared_task(name="wallets.tasks.sync_waiting", soft_time_limit=ROUND_SECONDS_MOST, time_limit=ROUND_SECONDS_MOST + 60)
def sync_waiting() -> None:
    """Sync every connection that waits for it, many at once; where there are more than one worker does, another goes
    on."""
    if rounds.take_part():
        sync.wake_workers()


@shared_task(name="wallets.tasks.collect_prices")
def collect_prices() -> None:
    """Ask every exchange that somebody's account is at for its prices, each by a task: none waits for another."""
    for slug in following.exchanges_to_follow():
        collect_exchange.apply_async(args=(slug,), expires=FOLLOW_SECONDS)


@shared_task(name="wallets.tasks.collect_exchange", soft_time_limit=SYNC_SECONDS_MOST, time_limit=KILLED_AFTER_SECONDS)
def collect_exchange(slug: str) -> None:
    """Bring the candles and tickers of one exchange up to now. Safe to run twice at once."""
    following.collect_exchange(slug)


@shared_task(name="wallets.tasks.match_orders")
def match_orders() -> None:
    """Match what rests at the demo exchange against the prices of now, and reckon its positions by them. Safe to run
    twice at once."""
    demo.match_due()
    mark_everybodys()


@shared_task(name="wallets.tasks.list_perpetuals")
def list_perpetuals() -> int:
    """List the perpetuals that paper accounts can trade beside spot markets that have none; returns how many."""
    return perpetuals.list_where_wanted()


@shared_task(name="wallets.tasks.verify")
def verify() -> None:
    """Prove every owner's books for some minutes, and go on in another task until all is proved."""
    report = proof.prove_ledger()
    if report is not None and not report.is_whole:
        verify.apply_async()


@shared_task(name="wallets.tasks.watch_proof")
def watch_proof() -> None:
    """Go on with a proof whose worker died, begin one where there was none for a day, and tell of one without end."""
    if proof.watch():
        verify.apply_async(expires=600)


@shared_task(name="wallets.tasks.prove_own")
def prove_own(owner_id: str) -> None:
    """Prove one owner's books, which somebody asked for who has too many to wait for it."""
    proof.prove_own(owner_id=UUID(owner_id))


@shared_task(name="wallets.tasks.apply_rules")
def apply_rules() -> int:
    """A task for every owner with a rule that is on; returns how many."""
    with tenancy.system():
        owners = rules.owners_with_rules()
    for owner_id in owners:
        apply_rules_of.apply_async(args=(str(owner_id),), expires=RULES_EXPIRE)
    return len(owners)


@shared_task(name="wallets.tasks.apply_rules_of")
def apply_rules_of(owner_id: str) -> int:
    """Carry out what one owner's rules have reason for; returns how many were."""
    with tenancy.tenant(UUID(owner_id)):
        return len(rules.apply_rules(owner_id=UUID(owner_id)))


@shared_task(name="wallets.tasks.forget_previews")
def forget_previews() -> None:
    """Forget plans that nobody applied."""
    plans.forget_previews()


@shared_task(name="wallets.tasks.watch_platforms")
def watch_platforms() -> None:
    """Tell operators of a platform that rejects many people at once."""
    platforms.tell_operators_of_refusals()


@shared_task(name="wallets.tasks.prune_sync_log")
def prune_sync_log() -> None:
    """Forget syncs that are older than the setting says."""
    sync.prune_sync_log()


@shared_task(name="wallets.tasks.look_at_rights")
def look_at_rights() -> None:
    """A task for every real account: what its key may do now, none waiting for another's venue."""
    for owner_id, connection_id in joining.connections_with_keys():
        look_at_rights_of.apply_async(args=(str(owner_id), str(connection_id)))


@shared_task(name="wallets.tasks.look_at_rights_of", soft_time_limit=SYNC_SECONDS_MOST, time_limit=KILLED_AFTER_SECONDS)
def look_at_rights_of(owner_id: str, connection_id: str) -> bool:
    """Ask the venue what one key may do; returns whether it answered."""
    return joining.look_at_rights(owner_id=UUID(owner_id), connection_id=UUID(connection_id))


@shared_task(name="wallets.tasks.keep_credentials")
def keep_credentials() -> None:
    """Seal again what older keys sealed, and tell of credentials that have been in use for long."""
    keeping.keep_credentials()
