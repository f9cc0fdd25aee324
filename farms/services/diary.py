"""The farm's diary: what happened, kept for its page and told to open ones."""

from collections.abc import Mapping

from farms.models import Agent, Farm, FarmEvent
from kit import clock
from kit.live.publish import publish
from kit.sentences import Told, Value, public, sentence


def record(farm: Farm, kind: FarmEvent.Kind, *, agent: Agent | None = None, detail: Told = "") -> None:
    """Write an event of the farm, or of one of its agents."""
    FarmEvent.objects.create(
        owner_id=farm.owner_id, farm=farm, agent=agent, kind=kind, detail=detail, created_at=clock.now()
    )
    publish(
        owner_id=farm.owner_id,
        event="farms",
        data={"farm": str(farm.pk), "agent": str(agent.pk) if agent else None, "kind": kind.value},
    )


def record_changes(
    farm: Farm, before: Mapping[str, str], after: Mapping[str, str], *, agent: Agent | None = None
) -> None:
    """Write what differs between the facts, if anything does."""
    changed = [name for name, value in after.items() if before[name] != value]
    if changed:
        words = "; ".join(f"{{name{place}}}: {{before{place}}} → {{after{place}}}" for place in range(len(changed)))
        values: dict[str, Value | str] = {}
        for place, name in enumerate(changed):
            values |= {
                f"name{place}": name,
                f"before{place}": _fact(name, before[name]),
                f"after{place}": _fact(name, after[name]),
            }
        record(farm, FarmEvent.Kind.CHANGED, agent=agent, detail=sentence(words, **values))


def _fact(name: str, text: str) -> Value | str:
    """Names stay as they were given; every figure of the other facts is public."""
    return text if name in {"Name", "Follows"} else public(text)
