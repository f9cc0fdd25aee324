"""What messages say of a fund, and what is done for who asks by one: the figures are those of the pages."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from farms import services
from farms.models import Agent, Farm
from kit import days
from kit.sentences import Told, amount, joined, money, price, sentence, share
from portfolio.selectors.standings import standings
from trading.selectors.positions import PositionRow, open_positions

MOST_POSITIONS = 20


def status(owner_id: UUID) -> Sequence[Told]:
    """What all of it is worth, and what the reader's day has brought so far. Runs as the tenant."""
    fund = standings(owner_id=owner_id, where=days.zone()).get(owner_id)
    if fund is None:
        return ["There is no money in your wallets yet."]
    if fund.value is None or fund.today is None:
        return ["What your fund is worth is not known now: something in it has no price."]
    told = [sentence("Net value: {value}.", value=money(fund.value, fund.base))]
    word = "gained" if fund.today >= 0 else "lost"
    today = money(abs(fund.today), fund.base)
    if fund.today_return is None:
        return [*told, sentence("Today it has {word} {today}.", word=word, today=today)]
    part = share(Decimal(str(round(abs(fund.today_return), 4))))
    return [*told, sentence("Today it has {word} {today}, {part}.", word=word, today=today, part=part)]


def positions(owner_id: UUID) -> Sequence[Told]:
    """The open positions, newest first, with what each has won or lost. Runs as the tenant."""
    found = open_positions(owner_id=owner_id)
    if not found:
        return ["No position is open."]
    more = [f"And {len(found) - MOST_POSITIONS} more."] if len(found) > MOST_POSITIONS else []
    return [*(_position(row) for row in found[:MOST_POSITIONS]), *more]


def pause(owner_id: UUID, name: str) -> Told:
    """Pause the farm of this name, else the agent; one that is paused already stays so. Runs as the tenant."""
    if farm := Farm.objects.filter(owner_id=owner_id, name__iexact=name).exclude(status=Farm.Status.ARCHIVED).first():
        services.pause_farm(owner_id=owner_id, farm_id=farm.pk)
        return f"{farm.name} is paused: its agents decide nothing new. Open positions stay, protected by their stops."
    agents = Agent.objects.filter(owner_id=owner_id, name__iexact=name).exclude(status=Agent.Status.ARCHIVED)
    if agent := agents.first():
        services.pause_agent(owner_id=owner_id, agent_id=agent.pk)
        return f"{agent.name} is paused: it decides nothing new. An open position stays, protected by its stop."
    return "There is no farm and no agent of this name."


def _position(row: PositionRow) -> Told:
    told = sentence(
        "{direction} {quantity} ({wallet}), entered at {entry}",
        direction=row.direction.capitalize(),
        quantity=amount(row.quantity, row.base),
        wallet=row.wallet,
        entry=price(row.entry_price, row.tick_size),
    )
    if row.mark is None or row.unrealized_pnl is None:
        return joined(told, "price unknown", by=", ")
    word = "won" if row.unrealized_pnl >= 0 else "lost"
    result = sentence("{word} {result}", word=word, result=money(abs(row.unrealized_pnl), row.quote))
    return joined(told, sentence("now {mark}", mark=price(row.mark, row.tick_size)), result, by=", ")
