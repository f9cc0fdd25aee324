"""Most bars change nothing, and a year later nobody asks why: what placed no order is kept for the last months only."""

from typing import Final

from kit.months import Months

# What led to an order explains a trade, and stays with it; the newest run of an agent stays for its page.
RUNS: Final = Months(
    "farms_agentrun",
    by="bar",
    days="AGENT_RUN_DAYS",
    stays="""
    old.order_id IS NOT NULL OR old.id IN (
        SELECT newest.id FROM farms_agent AS agent CROSS JOIN LATERAL (
            SELECT id FROM farms_agentrun WHERE agent_id = agent.id ORDER BY bar DESC LIMIT 1
        ) AS newest
    )
    """,
    is_in_milliseconds=True,
)
