"""Orders that were decided together meet their venue together.

A venue that takes many orders in one message gets them so; at any other, some are under way at once, each with a
session of its own. Answers that bring fills are recorded when all have been sent: to record one takes as long as to
send several. Each is leased right before it is sent, as one by itself is (see `sending`), so what a venue has done and
our books do not have yet when a worker dies is found there when its lease is over.
"""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import as_completed
from typing import Final
from uuid import UUID

from kit import tenancy
from kit.threads import threads
from trading.models import Order
from trading.orders.recording import record_report
from trading.orders.sending import request_of, submit, submit_many, take_new, take_no
from wallets.venues.base import OrderReport, Venue, VenueError
from wallets.venues.many import TakesMany
from wallets.venues.registry import orders_at_once

logger = logging.getLogger(__name__)

# So many messages are under way to venues at once.
AT_ONCE: Final = 8

Answered = tuple[Order, OrderReport]


def execute_together(*, owner_id: UUID, order_ids: Sequence[UUID]) -> None:
    """Send new orders to their venues and record the answers. Safe to call twice and on several workers at once.

    What is wrong with one keeps none of the others from being sent or recorded: its lease runs out, and it is asked
    about.
    """
    with tenancy.tenant(owner_id):
        messages = list(_messages(order_ids))
    answered: list[Answered] = []
    with threads(min(AT_ONCE, len(messages)) or 1, "orders") as senders:
        for sent in as_completed([senders.submit(_send, owner_id, message) for message in messages]):
            try:
                answered += sent.result()
            except Exception:  # one message's trouble keeps no other from its venue; these are asked about in time
                logger.exception("Orders of %s could not be sent", owner_id)
    for order, report in answered:
        try:
            record_report(owner_id=owner_id, order_id=order.pk, report=report)
        except Exception:  # the others are recorded all the same; what the venue has done is asked again
            logger.exception("The answer to order %s could not be recorded", order.pk)


def _messages(order_ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    """The orders as they are sent: those of one connection together, as many as its venue takes at once."""
    rows = Order.objects.filter(pk__in=order_ids).order_by("created_at", "pk")
    of_connection: dict[tuple[UUID, str], list[UUID]] = {}
    for order_id, connection_id, adapter in rows.values_list("pk", "connection_id", "connection__platform__adapter"):
        of_connection.setdefault((connection_id, adapter), []).append(order_id)
    for (_, adapter), ids in of_connection.items():
        most = orders_at_once(adapter)
        yield from (ids[start : start + most] for start in range(0, len(ids), most))


def _send(owner_id: UUID, order_ids: Sequence[UUID]) -> list[Answered]:
    """Send the orders of one message; returns the venue's answers, which are still to be recorded."""
    with tenancy.tenant(owner_id):
        taken, venue = take_new(order_ids)
    if venue is None:
        return []
    answered = []
    for order, answer in zip(taken, _answers(taken, venue), strict=True):
        if isinstance(answer, OrderReport):
            answered.append((order, answer))
            continue
        try:
            take_no(order, venue, answer)
        except Exception:  # what the venue said of the others is still to be returned; this one is asked about
            logger.exception("The answer to order %s could not be recorded", order.pk)
    return answered


def _answers(orders: Sequence[Order], venue: Venue) -> Sequence[OrderReport | VenueError]:
    """What the venue answers to each order."""
    requests = [request_of(order) for order in orders]
    try:
        if len(requests) > 1 and isinstance(venue, TakesMany):
            return submit_many(venue, requests)
    except VenueError as error:
        return [error] * len(requests)
    answers: list[OrderReport | VenueError] = []
    for request in requests:
        try:
            answers.append(submit(venue, request))
        except VenueError as error:
            answers.append(error)
    return answers
