"""Farms and agents come back from the archive, and work elsewhere with all that they have."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from farms import services
from farms.models import Agent, AgentFarmAssignment, Farm, FarmEvent
from farms.selectors.farms import farm_rows
from kit.errors import ConflictError, InvalidInputError
from kit.users.models import User
from tests.farms.conftest import Desk
from tests.farms.test_changing import free
from tests.programs import bearer
from wallets.models import Connection, Wallet
from wallets.services import create_wallet


@pytest.fixture
def calm(desk: Desk) -> Desk:
    """In the present, paused."""
    Farm.objects.update(status="paused")
    Connection.objects.update(is_rehearsing=False)
    desk.farm.refresh_from_db()
    return desk


def test_a_farm_and_its_agent_come_back_one_after_the_other(calm: Desk) -> None:
    owner, farm, agent = calm.owner.pk, calm.farm.pk, calm.agent.pk
    services.archive_farm(owner_id=owner, farm_id=farm)
    assert Wallet.objects.filter(archived_at=None).count() == 1
    with pytest.raises(ConflictError, match="first: One works there"):
        services.restore_agent(owner_id=owner, agent_id=agent)
    for _ in range(2):
        assert services.restore_farm(owner_id=owner, farm_id=farm).status == Farm.Status.PAUSED
        assert services.restore_agent(owner_id=owner, agent_id=agent).status == Agent.Status.PAUSED
    assert set(Wallet.objects.values_list("trading_state", "archived_at")) == {("active", None)}
    assert AgentFarmAssignment.objects.filter(ended_at=None).count() == 1
    assert FarmEvent.objects.filter(kind="restored").count() == 2
    assert [row.present[0].name for row in farm_rows(owner_id=owner)] == ["One"]
    services.start_agent(owner_id=owner, agent_id=agent)


def test_a_farm_moves_to_another_master(calm: Desk) -> None:
    owner, money = calm.owner.pk, free(calm.agent.wallet)
    second = create_wallet(owner_id=owner, name="Second", role="master", connection=calm.master.connection)
    services.move_farm(owner_id=owner, farm_id=calm.farm.pk, master_id=second.pk)
    calm.farm.wallet.refresh_from_db()
    assert (calm.farm.wallet.parent_id, free(calm.agent.wallet)) == (second.pk, money)
    for place in (calm.agent.wallet_id, calm.farm.wallet_id):
        with pytest.raises(InvalidInputError, match="itself or stands below it") as refused:
            services.move_farm(owner_id=owner, farm_id=calm.farm.pk, master_id=place)
        assert set(refused.value.fields) == {"master_id"}


def test_programs_and_pages_restore_and_move(calm: Desk, client: Client, other_owner: User) -> None:
    owner, api = calm.owner, "/api/v1"
    second = create_wallet(owner_id=owner.pk, name="Second", role="master", connection=calm.master.connection)
    other = services.create_farm(owner_id=owner.pk, master_id=calm.master.pk, name="Other", kind="mixed")
    asked: Any = {"content_type": "application/json", "headers": bearer(owner) | {"Idempotency-Key": "here"}}
    for path, body in (
        (f"agents/{calm.agent.pk}/move", {"farm_id": str(other.pk)}),
        (f"farms/{calm.farm.pk}/move", {"master_id": str(second.pk)}),
        (f"farms/{other.pk}/move", {"master_id": str(second.pk)}),
    ):
        assert client.post(f"{api}/{path}", body, **asked).status_code == 200
    for path in (f"farms/{calm.farm.pk}", f"agents/{calm.agent.pk}"):
        assert client.post(f"{api}/{path}/archive", headers=bearer(owner)).status_code == 200
        restored = client.post(f"{api}/{path}/restore", headers=bearer(owner))
        assert (restored.status_code, restored.json()["status"]) == (200, "paused")
    client.force_login(owner)
    page = client.get(reverse("farms:farm-move", args=[calm.farm.pk]))
    assert f'<option value="{calm.master.pk}">' in page.content.decode()
    back = client.post(reverse("farms:farm-move", args=[calm.farm.pk]), {"place": calm.master.pk}, follow=True)
    assert f"{calm.farm.name} is with {calm.master.name} now." in back.content.decode()
    services.move_farm(owner_id=owner.pk, farm_id=other.pk, master_id=calm.master.pk)
    back = client.post(
        reverse("farms:agent-move", args=[calm.agent.pk]), {"place": calm.farm.pk, "key": "k"}, follow=True
    )
    assert f"is with {calm.farm.name} now." in back.content.decode()
    services.archive_agent(owner_id=owner.pk, agent_id=calm.agent.pk)
    assert (
        reverse("farms:agent-restore", args=[calm.agent.pk])
        in client.get(reverse("farms:agent", args=[calm.agent.pk])).content.decode()
    )
    back = client.post(reverse("farms:agent-restore", args=[calm.agent.pk]), follow=True)
    assert "is back, paused and without money" in back.content.decode()
    client.force_login(other_owner)
    for name, pk in (("farm-move", calm.farm.pk), ("agent-move", calm.agent.pk), ("agent-restore", calm.agent.pk)):
        assert client.post(reverse(f"farms:{name}", args=[pk])).status_code == 404
