"""What messages say of a fund: the figures of the home page, from the one valuation that it reads too."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from kit import days
from kit.sentences import Told, money, sentence, share
from portfolio.selectors.standings import standings


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
