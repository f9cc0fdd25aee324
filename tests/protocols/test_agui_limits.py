"""What the Agent User Interaction Protocol tells of the use of limits, against what stands in the books."""

from datetime import timedelta

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kit import clock, tenancy
from moniqo.protocols.agui import states
from moniqo.protocols.agui.states import Subject
from tests.protocols.conftest import Stage
from trading.limit_schemas import LimitsOut, limits_out
from trading.models import Order, Position
from trading.risk.gate import Caps
from trading.risk.limits import set_limits
from trading.selectors.limits import wallet_limits, with_use
from wallets.models import Wallet


def test_what_is_used_of_limits_is_what_the_gate_counts_in_one_statement_for_all_agents(stage: Stage) -> None:
    world = stage.world
    both = [Subject("agents", agent.pk) for agent in (world.agent, world.quiet)]
    with tenancy.tenant(world.owner.pk), transaction.atomic():
        sent = Order.objects.filter(wallet=world.agent.wallet_id, attempts__gt=0).exclude(origin="external")
        newest = sent.latest("created_at").created_at
        for on in (world.connection, Wallet.objects.get(pk=world.agent.wallet_id)):
            caps = Caps(maximum_open_positions=7, maximum_orders_per_minute=900)
            set_limits(on=on, allowed_symbols=None, maximum_notional=None, caps=caps)
        held = {
            (row.wallet_id, row.instrument_id)
            for row in (
                *Position.objects.filter(closed_at=None),
                *Order.objects.filter(side="buy", status__in=("submitting", "open", "partially_filled", "uncertain")),
            )
        }
        with clock.at(newest + timedelta(seconds=30)):
            found, statements = {}, []
            for subjects in (both[:1], both):
                with CaptureQueriesContext(connection) as seen:
                    found = states.read(owner_id=world.owner.pk, subjects=subjects)
                statements.append(sum("trading_sent_below" in one["sql"] for one in seen))
            told = with_use(wallet_limits(owner_id=world.owner.pk, wallet_id=world.agent.wallet_id))
            by_api = states.shown(LimitsOut, limits_out(told))["path"]
            later = states.read(owner_id=world.owner.pk, subjects=both, before=found)
            assert later[both[0]].state["limits"] == found[both[0]].state["limits"]
        minute = sent.filter(created_at__gt=newest - timedelta(seconds=30)).count()
        transaction.set_rollback(True)
    assert statements == [1, 1]
    path = found[both[0]].state["limits"]["path"]
    used = {step["role"]: step["used"] for step in path if step["role"] != "platform"}
    own = path[-1]["used"]
    lost = [step["used"] and step["used"].pop("daily_loss") for step in path]
    by_gate = [step["used"] and step["used"].pop("daily_loss") for step in by_api]
    limited = [step["maximum_daily_loss"] is not None and step["role"] in Wallet.Role for step in path]
    assert [one for one, is_limited in zip(lost, limited, strict=True) if is_limited] == [
        one for one, is_limited in zip(by_gate, limited, strict=True) if is_limited
    ]
    assert [step["used"] for step in path] == [step["used"] for step in by_api]
    assert minute > 0
    assert (own["orders_per_minute"], own["open_positions"]) == (
        minute, sum(wallet == world.agent.wallet_id for wallet, _ in held),
    )  # fmt: skip
    assert used["connection"]["orders_per_minute"] >= minute
    assert used["connection"]["open_positions"] == len(held)
    assert lost[[step["role"] for step in path].index("connection")] is None
    assert all(isinstance(one, str) for step, one in zip(path, lost, strict=True) if step["role"] in Wallet.Role)
    assert used["master"]["orders_per_minute"] is used["master"]["open_positions"] is None  # it limits neither
