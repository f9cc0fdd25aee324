"""Whether a question that has waited is still to be asked: minutes may lie between its row and its turn, in which its
owner turned advice off, an operator closed an account, or what it is about stopped."""

from uuid import UUID

from farms.models import AdviceCall, AdviceLevel, AdviceSetting, AdviceWatch, Agent, Farm


def is_off(owner_id: UUID) -> bool:
    """Whether its owner wants no advice now, or may not sign in any more. As the tenant."""
    return not AdviceSetting.objects.filter(owner_id=owner_id, is_on=True, owner__is_active=True).exists()


def obstacle(call: AdviceCall) -> str:
    """Why it is not asked any more; empty where it still is. As the tenant, right before a model is asked.

    What was asked at the close of a candle is for whoever trades on it; what a person asks is of paused ones as well.
    """
    setting = AdviceSetting.objects.filter(owner_id=call.owner_id, is_on=True, owner__is_active=True).first()
    if setting is None:
        return "Advice was turned off before it was asked."
    if setting.endpoint_id != call.endpoint_id:
        return "Another endpoint was chosen before it was asked."
    if call.agent_id is not None:
        return _of_agent(call)
    if call.occasion == AdviceCall.Occasion.CLOSE and not _watched(call):
        return "Nobody wanted it any more when its turn came."
    return _of_farm(call, Farm.objects.get(pk=call.farm_id)) if call.farm_id is not None else ""


def _of_agent(call: AdviceCall) -> str:
    levels = AdviceLevel.objects.exclude(level=AdviceLevel.Level.OFF).select_related("agent__farm")
    level = levels.filter(agent=call.agent_id).first()
    if level is None:
        return "Advice was turned off for its agent before it was asked."
    if level.agent.status == Agent.Status.ARCHIVED:
        return "Its agent was archived before it was asked."
    if call.occasion == AdviceCall.Occasion.CLOSE and level.agent.status != Agent.Status.RUNNING:
        return "Its agent was paused before it was asked."
    return _of_farm(call, level.agent.farm)


def _of_farm(call: AdviceCall, farm: Farm) -> str:
    if farm.status == Farm.Status.ARCHIVED:
        return "Its farm was archived before it was asked."
    if call.occasion == AdviceCall.Occasion.CLOSE and not farm.is_acting:
        return "Its farm was paused before it was asked."
    return ""


def _watched(call: AdviceCall) -> bool:
    named = {"instrument": call.instrument_id, "timeframe": call.timeframe} if call.farm_id is None else {}
    return AdviceWatch.objects.filter(owner_id=call.owner_id, farm=call.farm_id, **named).exists()
