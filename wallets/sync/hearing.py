"""How Moniqo hears of what happens in an account: its venue tells by itself, or is asked, how often and why.

What stands in the row is true only while the process lives that listens: without its sign of life nothing is open.
"""

from typing import Final

from django.conf import settings

from kit.sentences import Sentence, moment, sentence
from wallets.models import Connection
from wallets.models.platforms import streams_are_kept
from wallets.venues.capabilities import STREAMED_ACCOUNTS, STREAMED_IN_PART

NOT_KEPT: Final = "nothing listens to venues now, the next process goes on."
STARTING: Final = "its line is being opened."


def stream_now(connection: Connection) -> str:
    """How the connection's stream stands at this moment; empty where nobody is meant to listen."""
    if connection.state != Connection.State.ACTIVE or connection.platform_id not in STREAMED_ACCOUNTS:
        return str(Connection.Stream.NONE)
    if connection.stream == Connection.Stream.OPEN and not streams_are_kept():
        return str(Connection.Stream.BROKEN)
    return str(connection.stream)


def how_it_is_heard(connection: Connection) -> Sentence:
    """`Streaming since 22:31`, or how often the venue is asked and why; nothing of an account that is not asked."""
    if connection.is_paper or connection.state != Connection.State.ACTIVE:
        return Sentence()
    stream, since = stream_now(connection), connection.stream_since
    often = f"every {max(1, round(settings.SYNC_SECONDS / 60))} min"
    if stream == Connection.Stream.OPEN and since is not None:
        if connection.platform_id in STREAMED_IN_PART:
            return sentence("Streaming since {since}: orders. Balances asked {often}", since=moment(since), often=often)
        return sentence("Streaming since {since}", since=moment(since))
    every = f"Asked {often}"
    if connection.platform_id not in STREAMED_ACCOUNTS:
        return sentence("{every}: {name} does not tell by itself.", every=every, name=connection.platform.name)
    why = NOT_KEPT if connection.stream == Connection.Stream.OPEN else connection.stream_detail or STARTING
    return sentence("{every}: {why}", every=every, why=why)
