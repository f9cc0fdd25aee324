"""Checks of the gate that look at how much, how far and how often: a sentence refuses, "" passes. Pure."""

from decimal import Decimal

from kit.sentences import Told, Value, amount, number, rule, sentence
from kit.sentences import price as shown_price
from trading.risk.path import (
    ALL,
    Limits,
    exposure,
    nearest_price,
    owners_exposure,
    shared_symbols,
    tightest_notional,
    tightest_position,
    tightest_risk,
)
from trading.risk.proposals import Proposal


def _percent(share: Decimal) -> Value:
    return number(f"{share * 100:.2f}")


def check_minimum(proposal: Proposal) -> Told:
    if proposal.market.is_perpetual and proposal.reduces:
        return ""
    notional, minimum = proposal.notional, proposal.market.minimum_notional
    if notional is None or notional < minimum:
        return sentence(
            "The order is worth {notional}, less than the venue's minimum of {minimum}: order more.",
            notional="nothing that is known" if notional is None else amount(notional, proposal.market.quote),
            minimum=rule(minimum, proposal.market.quote),
        )
    return ""


def check_symbols(proposal: Proposal) -> Told:
    if proposal.reduces:
        return ""
    symbols = shared_symbols(proposal.path)
    if symbols is None:
        return (
            "No limit on the path says which symbols may be traded: set allowed symbols on the connection or a wallet."
        )
    if proposal.market.symbol not in symbols:
        allowed = ", ".join(sorted(symbols)) or "none"
        return (
            f"{proposal.market.symbol} is not among the allowed symbols ({allowed}): add it to every list on the path."
        )
    return ""


def check_notional(proposal: Proposal) -> Told:
    if proposal.reduces:
        return ""
    for step in proposal.path:
        if step.is_unpriced:
            return (
                f"{step.name} limits orders in {step.notional_asset}, and no price says how much of "
                f"{proposal.market.symbol} that is: wait for one, or set the limit in another asset."
            )
    maximum, notional = tightest_notional(proposal.path), proposal.notional
    if maximum is None or notional is None:
        return (
            "No limit on the path says how large an order may be: set a maximum notional on the connection or a wallet."
        )
    if notional > maximum:
        step = next(step for step in proposal.path if step.in_unit == maximum)
        quote, own = proposal.market.quote, step.notional_asset
        values: dict[str, Value | Told | int] = {
            "notional": amount(notional, quote), "maximum": amount(maximum, quote), "who": step.name,
        }  # fmt: skip
        elsewhere = ""
        if own and own != quote:
            elsewhere, values["said"] = " ({said})", amount(step.maximum_notional or maximum, own)
        return sentence(
            f"The order is worth {{notional}}, more than the {{maximum}} that {{who}} allows{elsewhere}: order less or "
            "raise the limit.",
            **values,
        )
    return ""


def check_position_size(proposal: Proposal) -> Told:
    maximum, price = tightest_position(proposal.path), proposal.price
    if proposal.reduces or maximum is None or price is None:
        return ""
    after = abs(proposal.position_after) * price
    if after <= maximum:
        return ""
    quote = proposal.market.quote
    return sentence(
        "The position would be worth {after}, more than the {maximum} that {who} allows: buy less or raise the limit.",
        after=amount(after, quote),
        maximum=amount(maximum, quote),
        who=next(step.name for step in proposal.path if step.position_in_unit == maximum),
    )


def check_exposure(proposal: Proposal) -> Told:
    """What the path leaves of its amounts, whoever took the rest away: the owner's limit or an agent's own wish."""
    share = exposure(proposal.path)
    if proposal.reduces or share == ALL or proposal.price is None:
        return ""
    said = f"{{who}} {'allows' if share == owners_exposure(proposal.path) else 'asks for'} an exposure of {{share}} %"
    values: dict[str, Value | Told | int] = {"who": _who_leaves(proposal.path, share), "share": _percent(share)}
    bought, quote = proposal.quantity * proposal.price, proposal.market.quote
    after = abs(proposal.position_after) * proposal.price
    for most, worth in ((tightest_notional(proposal.path), bought), (tightest_position(proposal.path), after)):
        if most is not None and worth > most * share:
            values |= {"worth": amount(worth, quote), "left": amount(most * share, quote), "most": amount(most, quote)}
            return sentence(
                f"It would be worth {{worth}}: {said}, which leaves {{left}} of the allowed {{most}}. Buy less.",
                **values,
            )
    return ""


def _who_leaves(path: tuple[Limits, ...], share: Decimal) -> str:
    return next(step.name for step in path if share in (step.caps.maximum_exposure, step.asked.exposure))


def check_open_positions(proposal: Proposal) -> Told:
    if proposal.reduces or proposal.standing.position:
        return ""
    for step in proposal.path:
        most = step.caps.maximum_open_positions
        if most is not None and step.open_positions >= most:
            return (
                f"{step.name} has {step.open_positions} positions open or on their way, and may have {most}: close one "
                "or raise the limit."
            )
    return ""


def check_distance(proposal: Proposal) -> Told:
    """A wrong digit, or a market so thin that it costs as much. What leaves a position at the market always may."""
    most, market = nearest_price(proposal.path), proposal.market
    if most is None or (proposal.reduces and proposal.limit_price is None):
        return ""
    price = market.price if proposal.limit_price is None else proposal.limit_price
    middle = proposal.trigger_price or market.middle  # what waits is measured from where it will be sent
    if price is None or not middle:
        return f"Nobody knows how far from the market this is: wait for a price of {market.symbol}."
    distance = (price / middle - 1) * (1 if proposal.is_buy else -1)
    if distance <= most:
        return ""
    way = "name a price that is nearer" if proposal.limit_price is not None else "wait until its bid and ask are nearer"
    where = "the middle of the market" if proposal.trigger_price is None else "its trigger"
    return sentence(
        f"{{price}} is {{distance}} % {'above' if proposal.is_buy else 'below'} {where}, {{middle}}, "
        f"and {{who}} allows {{most}} %: {way}.",
        price=shown_price(price, market.tick_size),
        middle=shown_price(middle, market.tick_size),
        distance=_percent(distance),
        most=_percent(most),
        who=next(step.name for step in proposal.path if step.caps.maximum_distance == most),
    )


def check_post_only(proposal: Proposal) -> Told:
    best, limit = proposal.market.price, proposal.limit_price
    if not proposal.post_only or best is None or limit is None or proposal.trigger_price is not None:
        return ""
    if limit < best if proposal.is_buy else limit > best:
        return ""
    which, way = ("ask", "below") if proposal.is_buy else ("bid", "above")
    return sentence(
        f"It only rests, and at {{limit}} it would take what is there: name a price {way} the {which} of {{best}}.",
        limit=shown_price(limit, proposal.market.tick_size),
        best=shown_price(best, proposal.market.tick_size),
    )


def check_liquidation(proposal: Proposal) -> Told:
    """A stop beyond it is never reached: what stands for the position is gone before."""
    stop, price = proposal.exit_stop or proposal.standing_stop, proposal.liquidation_price
    if stop is None or price is None or (stop > price if proposal.is_buy else stop < price):
        return ""
    return sentence(
        "It would be liquidated at {price}, before its stop at {stop} is reached: use less leverage, or give a stop "
        "that is nearer.",
        price=shown_price(price, proposal.market.tick_size),
        stop=shown_price(stop, proposal.market.tick_size),
    )


def check_correlated(proposal: Proposal) -> Told:
    """What lowers it is let through, however high it is."""
    if proposal.reduces or proposal.notional is None:
        return ""
    for step in proposal.path:
        most, seen = step.caps.maximum_correlated, step.correlated
        if most is None:
            continue
        if seen is None or not seen.value:
            return (
                f"Nobody knows what {step.name} is worth, so not what may move together there: wait for prices of all."
            )
        after = seen.after(proposal.signed_notional / seen.value)
        if after <= most or after <= seen.now:
            continue
        short = ""
        if seen.guessed:
            short = f" Of {', '.join(seen.guessed)} too little is known: they are taken to move as one with the others."
        return sentence(
            f"What moves together at {{name}} would come to {{after}} % of its value, more than the {{most}} % that it "
            f"allows; it is {{now}} % now.{short} Buy less, or what moves otherwise.",
            name=step.name,
            after=_percent(after),
            most=_percent(most),
            now=_percent(seen.now),
        )
    return ""


def check_rate(proposal: Proposal) -> Told:
    if proposal.reduces:
        return ""
    for step in proposal.path:
        most = step.caps.maximum_orders_per_minute
        if most is not None and step.orders >= most:
            sent = "1 order" if step.orders == 1 else f"{step.orders} orders"
            return (
                f"{step.name} has sent {sent} within a minute, and may send {most}: wait a minute, or raise the limit."
            )
    return ""


def check_risk(proposal: Proposal) -> Told:
    most, price, value = tightest_risk(proposal.path), proposal.price, proposal.standing.value
    if proposal.reduces or most is None or price is None:
        return ""
    stop = proposal.exit_stop
    if stop is None:
        who = next(step.name for step in proposal.path if step.caps.maximum_risk == most)
        return sentence(
            "Nothing says what this order risks: {who} allows {share} % of the wallet's value from the price to the "
            "stop, so give it a stop, or set a usual one in the limits.",
            who=who,
            share=_percent(most),
        )
    if value is None:
        return "Nobody knows what the wallet is worth, so not what it may risk: wait for prices of all that it holds."
    risk = proposal.quantity * (price - stop if proposal.is_buy else stop - price)
    if risk <= most * value:
        return ""
    quote = proposal.market.quote
    return sentence(
        "The order is too risky: its stop at {stop} would cost {risk}, and {share} % of the wallet's value is {most}. "
        "Buy less, or give a stop that is nearer.",
        stop=shown_price(stop, proposal.market.tick_size),
        risk=amount(risk, quote),
        most=amount(most * value, quote),
        share=_percent(most),
    )
