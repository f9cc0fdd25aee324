"""What ⌘K finds: pages, what has a name or an id, and what can be done with it.

An action that changes something is the form of the button that does it elsewhere: the same address, by POST. One that
moves money or sells leads to the form that asks first. A query may begin with a verb: `pause swing`, `allocate to
swing`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from farms.models import Agent, Farm
from goals.models import Goal
from kit.users.models import User
from moniqo.ui import navigation, selectors
from moniqo.ui.selectors import FOUND_MOST
from trading.models import Order, Position
from wallets.models import Wallet

PAUSE: Final = "pause"
RESUME: Final = "resume"
ALLOCATE: Final = "allocate"
COLLECT: Final = "collect"
HALT: Final = "halt"
CLOSE: Final = "close"
VERBS: Final = {
    PAUSE: PAUSE, "stop": PAUSE, RESUME: RESUME, "start": RESUME, ALLOCATE: ALLOCATE, "fund": ALLOCATE,
    COLLECT: COLLECT, HALT: HALT, CLOSE: CLOSE, "sell": CLOSE,
}  # fmt: skip
FILLERS: Final = frozenset({"to", "from", "of", "the", "goal"})
SHORTEST_VERB: Final = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. With `fields` it is a form of these hidden fields that is sent to `url`, else a link there."""

    label: str
    url: str
    icon: str
    hint: str = ""
    fields: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed: its words, and the verb it begins with and what that is said of, where it begins with one."""

    text: str

    @property
    def words(self) -> list[str]:
        return self.text.lower().split()

    @property
    def verbs(self) -> set[str]:
        first = self.words[0] if self.words else ""
        return {does for verb, does in VERBS.items() if len(first) >= SHORTEST_VERB and verb.startswith(first)}

    @property
    def object(self) -> list[str]:
        """The words after the verb."""
        return [word for word in self.words[1:] if word not in FILLERS]

    def asks_for(self, *texts: str) -> bool:
        """Whether every word stands in one of the texts."""
        said = " ".join(texts).lower()
        return all(word in said for word in self.words)


def jump(*, user: User, text: str, back: str) -> list[tuple[str, Sequence[Hit]]]:
    """What is found, by groups; groups of nothing are left out. `back` is the page to return to after an action."""
    query = Query(text)
    is_bare = bool(query.verbs) and not query.object  # a verb alone is said of everything
    words = [] if is_bare else query.words
    found = selectors.find_named(words=words, others=query.object if query.verbs else [])
    actions = [*_of_the_fund(query, found), *_of_the_frame(query, user, back)][:FOUND_MOST]
    if is_bare:
        found = selectors.find_named(words=query.words)
    elif not query.words:
        found = selectors.Named(farms=found.farms, agents=(), wallets=(), goals=(), markets=())
    groups: list[tuple[str, Sequence[Hit]]] = [
        ("Pages", _pages(query)),
        ("Farms", [_farm(farm) for farm in found.farms]),
        ("Agents", [_agent(agent) for agent in found.agents]),
        ("Wallets", [_wallet(wallet) for wallet in found.wallets]),
        ("Goals", [_goal(goal) for goal in found.goals]),
        ("Markets", [_market(market) for market in found.markets]),
        ("Positions", [_position(one) for one in selectors.find_positions_by_id(owner_id=user.pk, text=text)]),
        ("Orders", [_order(order) for order in selectors.find_orders(owner_id=user.pk, text=text)]),
    ]
    groups.insert(0 if query.verbs else len(groups), ("Actions", actions))
    return [group for group in groups if group[1]]


# --- what can be done ------------------------------------------------------------------------------------------------


def _of_the_fund(query: Query, found: selectors.Named) -> Iterator[Hit]:
    """What can be done with what was named; nothing as long as nothing is typed."""
    if not query.words:
        return
    asked = query.verbs or set(VERBS.values()) - {CLOSE, HALT}
    workers: list[Farm | Agent] = [*found.farms, *found.agents]
    for worker in workers:
        yield from _switch(worker, asked)
    for goal in found.goals:
        yield from _switch_goal(goal, asked)
    for wallet in found.wallets:
        yield from _money(wallet, asked)
    if CLOSE in query.verbs:
        for position in selectors.find_positions(words=query.object):
            yield _closing(position)


def _switch(worker: Farm | Agent, asked: Iterable[str]) -> Iterator[Hit]:
    kind = "farm" if isinstance(worker, Farm) else "agent"
    if PAUSE in asked and worker.status == worker.Status.RUNNING:
        yield Hit(f"Pause {worker.name}", reverse(f"farms:{kind}-pause", args=[worker.pk]), "pause", kind, ())
    if RESUME in asked and worker.status == worker.Status.PAUSED:
        yield Hit(f"Resume {worker.name}", reverse(f"farms:{kind}-start", args=[worker.pk]), "play", kind, ())


def _switch_goal(goal: Goal, asked: Iterable[str]) -> Iterator[Hit]:
    if goal.status != Goal.Status.ACTIVE:
        return
    if PAUSE in asked and goal.paused_at is None:
        yield Hit(f"Pause goal {goal.name}", reverse("goals:pause", args=[goal.pk]), "pause", "goal", ())
    if RESUME in asked and goal.paused_at is not None:
        yield Hit(f"Resume goal {goal.name}", reverse("goals:resume", args=[goal.pk]), "play", "goal", ())


def _money(wallet: Wallet, asked: Iterable[str]) -> Iterator[Hit]:
    """Forms that ask how much, and what is stopped, before anything happens."""
    role = wallet.get_role_display()
    if wallet.role not in (Wallet.Role.MASTER, Wallet.Role.UNASSIGNED):
        if ALLOCATE in asked:
            yield Hit(f"Allocate to {wallet.name}", _inspector(wallet, ALLOCATE), "split", role)
        if COLLECT in asked:
            yield Hit(f"Collect from {wallet.name}", _inspector(wallet, COLLECT), "merge", role)
    if HALT in asked and wallet.role not in Wallet.IDLE:
        yield Hit(f"Halt {wallet.name}", _inspector(wallet, "settings"), "octagon-x", role)


def _inspector(wallet: Wallet, tab: str) -> str:
    return f"{reverse('wallets:tree')}?{urlencode({'wallet': wallet.pk, 'tab': tab})}#inspector"


def _closing(position: Position) -> Hit:
    label = f"Close {position.instrument.symbol} of {position.wallet.name}"
    return Hit(label, reverse("trading:position-close", args=[position.pk]), "log-out", "position")


def _of_the_frame(query: Query, user: User, back: str) -> Iterator[Hit]:
    """What can be done on every page."""
    privacy = (("hide", "0" if user.privacy else "1"), ("next", back))
    every: tuple[tuple[Hit, str], ...] = (
        (Hit("Show amounts", reverse("ui:privacy"), "eye", "", privacy), "privacy")
        if user.privacy
        else (Hit("Hide amounts", reverse("ui:privacy"), "eye-off", "", privacy), "privacy"),
        (Hit("Sync now", reverse("portfolio:sync"), "refresh-cw", "every venue", ()), "refresh"),
        (Hit("Switch theme", reverse("ui:theme"), "sun-moon", "", (("next", back),)), "dark light"),
        (Hit("Sign out", reverse("logout"), "log-out", "", ()), "log out logout"),
    )
    yield from (hit for hit, also in every if query.asks_for(hit.label, also))


# --- what is there ---------------------------------------------------------------------------------------------------


def _pages(query: Query) -> list[Hit]:
    pages = [page for section in navigation.SECTIONS for page in section.pages]
    hits = [Hit(page.label, reverse(page.url_name), page.icon) for page in pages]
    hits += [
        Hit("New goal", reverse("goals:new"), "target"),
        Hit("Profit calendar", reverse("portfolio:calendar"), "calendar-days"),
        Hit("Report", reverse("reports:report"), "scroll-text"),
        Hit("Compare", reverse("reports:compare"), "scale"),
        Hit("Contribution to profit", reverse("reports:contribution"), "split"),
        Hit("Month by month", reverse("reports:months"), "calendar-days"),
        Hit("What changed the value", reverse("decomposition:changes"), "calendar-days"),
        Hit("Exposure and its limits", reverse("exposure:exposure"), "scale"),
        Hit("Preferences", reverse("ui:preferences"), "sliders-horizontal"),
        Hit("Tokens", reverse("users:tokens"), "key-round"),
        Hit("Two-factor", reverse("users:two-factor"), "shield"),
        Hit("Log", reverse("audit-log"), "scroll-text"),
    ]
    return [hit for hit in hits if query.asks_for(hit.label)]


def _farm(farm: Farm) -> Hit:
    return Hit(farm.name, reverse("farms:farm", args=[farm.pk]), "split", farm.get_status_display())


def _agent(agent: Agent) -> Hit:
    hint = f"{agent.instrument.symbol} · {agent.get_status_display()}"
    return Hit(agent.name, reverse("farms:agent", args=[agent.pk]), "bot", hint)


def _wallet(wallet: Wallet) -> Hit:
    return Hit(wallet.name, reverse("wallets:wallet", args=[wallet.pk]), "wallet", wallet.get_role_display())


def _goal(goal: Goal) -> Hit:
    hint = "Paused" if goal.paused_at else goal.get_status_display()
    return Hit(goal.name, reverse("goals:goal", args=[goal.pk]), "target", hint)


def _market(market: Any) -> Hit:
    """An instrument that comes with the name of its venue."""
    url = f"{reverse('trading:orders')}?{urlencode({'instrument': market.pk})}"
    return Hit(market.symbol, url, "chart-candlestick", f"its orders · {market.venue_name}")


def _position(position: Position) -> Hit:
    label = f"{position.instrument.symbol} · {position.wallet.name}"
    hint = "open position" if position.closed_at is None else "closed position"
    return Hit(label, reverse("trading:position", args=[position.pk]), "layers", hint)


def _order(order: Order) -> Hit:
    label = f"{order.get_side_display()} {order.instrument.symbol} · {order.wallet.name}"
    return Hit(label, reverse("trading:order", args=[order.pk]), "list-ordered", order.client_order_id)
