"""A bot answers the private chat that its owner's code was written in, and nobody else, and does each thing once."""

import json
from typing import Any

import pytest
from django.test import Client

from farms.models import Farm
from kit import clock, formatting, tenancy
from kit.alerts.channels import addresses, delivering, talking
from kit.alerts.channels.services import change_channel, make_channel, make_link_code
from kit.alerts.models import Channel
from kit.alerts.services import raise_alert
from kit.errors import ConflictError
from kit.users.models import User
from tests.kit.alerts.receivers import Receiver
from tests.trading.desk import make_desk

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
ME, STRANGER = 777, 666


class Bot:
    """The bot of an owner's channel: what is written to it, and what it answers."""

    def __init__(self, owner: User, receiver: Receiver) -> None:
        self.owner, self.receiver, self.number = owner, receiver, 0
        with tenancy.tenant(owner.pk):
            made = make_channel(owner_id=owner.pk, kind="telegram", name="Bot", address={"token": TOKEN}, level="info")
        self.channel_id = made.pk

    def code(self) -> str:
        with tenancy.tenant(self.owner.pk):
            return make_link_code(owner_id=self.owner.pk, channel_id=self.channel_id)[0]

    def written(self, text: Any, *, chat: int = ME, kind: str = "private") -> dict[str, Any]:
        self.number += 1
        message = {"message_id": 1, "text": text, "chat": {"id": chat, "type": kind}, "from": {"id": chat}}
        return {"update_id": self.number, "message": message}

    def hears(self, *updates: dict[str, Any]) -> list[tuple[str, str]]:
        """What is answered to these: the chat and the text of each answer."""
        self.receiver.reset()
        self.receiver.answers.append((200, {}, json.dumps({"ok": True, "result": updates})))
        talking.hear(owner_id=self.owner.pk, channel_id=self.channel_id)
        asked, *answers = self.receiver.received
        assert asked.path == f"/bot{TOKEN}/getUpdates"
        self.offset = asked.json["offset"]
        assert {answer.path for answer in answers} <= {f"/bot{TOKEN}/sendMessage"}
        return [(answer.json["chat_id"], answer.json["text"]) for answer in answers]

    def stored(self) -> Channel:
        with tenancy.tenant(self.owner.pk):
            return Channel.objects.get(pk=self.channel_id)


@pytest.fixture
def bot(live_db: str, owner: User, receiver: Receiver) -> Bot:
    return Bot(owner, receiver)


def test_only_the_private_chat_of_the_code_is_linked_once_and_in_time(bot: Bot) -> None:
    assert talking.who_listens() == [], "no bot is asked before somebody wants it"
    old, code = bot.code(), bot.code()
    assert talking.who_listens() == [(bot.owner.pk, bot.channel_id)]
    strangers = [
        bot.written("/status"), bot.written(f"/link {old}"), bot.written("/link"), bot.written(None),
        bot.written(f"/link {code}", chat=-100, kind="group"), {"update_id": bot.number + 1},
    ]  # fmt: skip
    bot.number += 1
    assert bot.hears(*strangers) == []
    with clock.at(clock.now() + talking.CODE_COUNTS):
        assert bot.hears(bot.written(f"/link {code}")) == []
    assert bot.stored().linked_at is None
    code = bot.code()
    ((chat, said),) = bot.hears(bot.written(f"/start {code}"))
    assert (chat, said) == (str(ME), f"This chat is linked. {talking.HELP}")
    assert bot.hears(bot.written(f"/link {code}", chat=STRANGER)) == [], "a code counts once"
    assert bot.offset == bot.number, "what was looked at is not fetched again"
    assert addresses.unseal(bot.stored())["chat"] == str(ME)
    with tenancy.tenant(bot.owner.pk):
        raise_alert(owner_id=bot.owner.pk, key="sync:x", title="A venue rejects")
    bot.receiver.reset()
    assert delivering.deliver(owner_id=bot.owner.pk) == 1, "and told of alerts"
    assert bot.receiver.received[0].json["chat_id"] == str(ME)
    with tenancy.tenant(bot.owner.pk):
        change_channel(
            owner_id=bot.owner.pk, channel_id=bot.channel_id, address={"token": TOKEN, "chat": str(STRANGER)}
        )
    assert bot.hears(bot.written("/status", chat=STRANGER)) == [], "a chat that was typed in may not ask"
    assert talking.who_listens() == []


def test_the_linked_chat_asks_and_pauses_and_hides_amounts(bot: Bot, other_owner: User) -> None:
    desk = make_desk(bot.owner)
    with tenancy.tenant(bot.owner.pk):
        farm = Farm.objects.create(owner=bot.owner, name="North Sea", wallet=desk.farm, status=Farm.Status.RUNNING)
    bot.hears(bot.written(f"/link {bot.code()}"))

    def said(text: str) -> str:
        ((chat, answer),) = bot.hears(bot.written(text))
        assert chat == str(ME)
        return answer

    assert said("/positions") == "No position is open."
    desk.trade(quantity="0.25")
    assert said("/positions").startswith("Long 0.25")
    assert said("/status").startswith("Net value: $")
    assert said("/Pause") == said("hello") == talking.HELP
    assert said("/pause Nowhere") == "There is no farm and no agent of this name."
    assert bot.hears(bot.written("/pause North Sea", chat=STRANGER)) == []
    asked = bot.written("/pause north sea")
    ((_, answer),) = bot.hears(asked)
    assert answer.startswith("North Sea is paused")
    with tenancy.tenant(bot.owner.pk):
        farm.refresh_from_db()
        assert farm.status == Farm.Status.PAUSED
        Farm.objects.update(status=Farm.Status.RUNNING)
    assert bot.hears(asked) == [], "a message that comes again is not carried out again"
    with tenancy.tenant(bot.owner.pk):
        farm.refresh_from_db()
        assert farm.status == Farm.Status.RUNNING
    User.objects.filter(pk=bot.owner.pk).update(privacy=True)
    assert said("/positions").startswith(f"Long {formatting.MASK}")
    assert said("/status").startswith(f"Net value: {formatting.MASK}.")


def test_a_page_shows_the_code_once_and_what_the_bot_says_meanwhile(bot: Bot, client: Client) -> None:
    client.force_login(bot.owner, backend="kit.users.backends.CountedBackend")
    page = f"/settings/channels/{bot.channel_id}/"
    shown = client.post(f"{page}link/").content.decode()
    code = shown.partition("<code>/link ")[2].partition("<")[0]
    assert len(code) == 10
    assert code not in client.get(page).content.decode()
    bot.receiver.answers = [(401, {}, '{"ok": false, "description": "Unauthorized"}')]
    assert talking.hear(owner_id=bot.owner.pk, channel_id=bot.channel_id) == 0
    listed = client.get("/settings/channels/").content.decode()
    assert "It answered 401 Unauthorized" in listed
    assert "Not linked yet" in listed
    bot.receiver.answers = [(200, {}, "<html>")]
    assert talking.hear(owner_id=bot.owner.pk, channel_id=bot.channel_id) == 0
    bot.hears(bot.written(f"/link {code}"))
    assert "linked" in client.get(page).content.decode()
    with tenancy.tenant(bot.owner.pk):
        mail = make_channel(owner_id=bot.owner.pk, kind="email", name="Mail", address={"email": "olive@example.com"})
        with pytest.raises(ConflictError, match="Telegram"):
            make_link_code(owner_id=bot.owner.pk, channel_id=mail.pk)
    assert client.post(f"/settings/channels/{mail.pk}/link/").status_code == 302
