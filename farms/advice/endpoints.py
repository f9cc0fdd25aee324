"""The operators' endpoints: their keys, what a call costs, and when they are left alone."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from django.db.models import F, Q, QuerySet

from farms.advice import rules
from farms.advice.addresses import require_private_or_secure
from farms.advice.client import Endpoint, Trouble
from farms.models import AdviceEndpoint, AdviceSetting
from kit import clock, sealing, tenancy
from kit.alerts.models import PlatformAlert
from kit.alerts.services import raise_platform_alert, resolve_platform_alert
from kit.errors import ConflictError, InvalidInputError

MILLION: Final = Decimal(1_000_000)
FIRST_PAUSE: Final = timedelta(seconds=30)
LONGEST_PAUSE: Final = timedelta(hours=1)
# What its operator has to see to: until then nobody asks it.
STOPS: Final = ("key", "quota")


class EndpointError(ConflictError):
    """It cannot be asked now, and nobody was asked."""

    code = "endpoint"


def offered(setting: AdviceSetting) -> QuerySet[AdviceEndpoint]:
    """Where the owner of a setting may have models asked: the list, and the demo's rules for nobody but the demo."""
    return AdviceEndpoint.objects.filter(~Q(base_url=rules.ADDRESS) | Q(pk=setting.endpoint_id), is_active=True)


def seal_key(endpoint: AdviceEndpoint, key: str) -> None:
    """Keep `key` in the row, sealed; nothing where there is none. The row is saved by whoever calls."""
    endpoint.key = sealing.seal(key, place=_place(endpoint)) if key else None


def opened(endpoint: AdviceEndpoint) -> Endpoint:
    """As the client takes it, its key in clear. Raises EndpointError."""
    try:
        key = sealing.unseal(bytes(endpoint.key), place=_place(endpoint)) if endpoint.key else sealing.Secret("")
    except sealing.SealError as error:
        raise EndpointError(f"The key of {endpoint.name} cannot be read: its operator enters it again.") from error
    try:
        require_private_or_secure(endpoint.base_url)
    except InvalidInputError as error:  # a row that was not made in the admin
        raise EndpointError(error.sentence) from error
    return Endpoint(endpoint.base_url, endpoint.model, key, float(endpoint.seconds), endpoint.most_tokens)


def name_of(endpoint: AdviceEndpoint) -> str:
    """What questions and proposals call who is asked there. The demo's rules have a name that no model has."""
    if endpoint.base_url == rules.ADDRESS:
        return rules.NAME
    return endpoint.model if endpoint.model != rules.NAME else f"{endpoint.model} by name"


def require_open(endpoint: AdviceEndpoint) -> None:
    """Raise EndpointError where it may not be asked now."""
    if not endpoint.is_active:
        raise EndpointError(f"{endpoint.name} is switched off: choose another endpoint.")
    if endpoint.stopped:
        raise EndpointError(f"{endpoint.name} is stopped until its operator has looked: {endpoint.stopped}")
    if endpoint.paused_until is not None and endpoint.paused_until > clock.now():
        error = EndpointError(f"{endpoint.name} takes no more requests now: try again later.")
        error.wait_seconds = int((endpoint.paused_until - clock.now()).total_seconds()) + 1
        raise error


def cost(endpoint: AdviceEndpoint, *, tokens_in: int, tokens_out: int) -> Decimal:
    """What so many tokens cost, in US dollars."""
    found: Decimal = (tokens_in * endpoint.price_in + tokens_out * endpoint.price_out) / MILLION
    return found


def note_trouble(endpoint: AdviceEndpoint, trouble: Trouble) -> None:
    """Leave it alone for a while after 429, twice as long each time; for good where the key or the quota is at fault.

    What keeps it from answering is nobody's in particular, so it holds for all who ask there.
    """
    rows = AdviceEndpoint.objects.filter(pk=endpoint.pk)
    if trouble.cause in STOPS:
        rows.update(stopped=trouble.sentence)
        raise_platform_alert(
            key=_alert(endpoint),
            level=PlatformAlert.Level.WARNING,
            title="{name} answers no more questions",
            body="{said} Advice of this endpoint stands still until its field Stopped is emptied in the admin.",
            name=endpoint.name,
            said=trouble.sentence,
        )
    elif trouble.cause == "busy":
        rows.update(refusals=F("refusals") + 1)
        endpoint.refresh_from_db(fields=("refusals",))
        doubled: timedelta = FIRST_PAUSE * 2 ** min(endpoint.refusals - 1, 10)
        pause = max(min(doubled, LONGEST_PAUSE), timedelta(seconds=trouble.wait))
        rows.update(paused_until=clock.now() + pause)


def note_answer(endpoint: AdviceEndpoint) -> None:
    """It has answered: what it was left alone for is over."""
    AdviceEndpoint.objects.filter(pk=endpoint.pk, refusals__gt=0).update(refusals=0, paused_until=None)


def note_looked_at(endpoint: AdviceEndpoint) -> None:
    """Its operator has emptied what it was stopped for."""
    resolve_platform_alert(key=_alert(endpoint))


def rotate_keys() -> tuple[int, tuple[str, ...]]:
    """Seal every key again with the first of MONIQO_CREDENTIAL_KEYS unless it is; how many, and which none opens."""
    rotated, unreadable = 0, []
    with tenancy.system():
        for endpoint in AdviceEndpoint.objects.filter(key__isnull=False):
            before = bytes(endpoint.key or b"")
            if sealing.is_newest(before):
                continue
            try:
                seal_key(endpoint, sealing.unseal(before, place=_place(endpoint)))
            except sealing.SealError:
                unreadable.append(f"Endpoint {endpoint.name}")
            else:
                rotated += AdviceEndpoint.objects.filter(pk=endpoint.pk, key=before).update(key=endpoint.key)
    return rotated, tuple(unreadable)


def count_old_keys() -> int:
    """How many keys are not sealed with the first key."""
    with tenancy.system():
        sealed = AdviceEndpoint.objects.filter(key__isnull=False).values_list("key", flat=True)
        return sum(not sealing.is_newest(bytes(one or b"")) for one in sealed)


def _place(endpoint: AdviceEndpoint) -> tuple[str, ...]:
    return "advice", str(endpoint.pk), "key"


def _alert(endpoint: AdviceEndpoint) -> str:
    return f"endpoint:{endpoint.pk}"
