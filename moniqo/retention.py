"""How long the rows of every table are kept: a line for each, with the setting that says so, or why they stay for ever.

The nightly tasks do the forgetting; this is what operators, `manage.py growth` and docs/operations.md are told of it,
and a test compares it with the tables that there are: a new one says which it is.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

DAYS_OF_A_MONTH: Final = 31


@dataclass(frozen=True, slots=True)
class Rule:
    """`moment` is when a row was made, none where rows are of now and do not add up with time.

    `days` names the setting of how long rows are kept, of those that `goes` says (SQL, empty for all); `spare` is what
    they stay longer at most. Without it `why` says why they stay.
    """

    moment: str = ""
    days: str = ""
    goes: str = ""
    spare: int = 1
    why: str = ""

    @property
    def kept_days(self) -> int | None:
        """Days until a row goes; None for ever."""
        if not self.days:
            return None
        value = int(getattr(settings, self.days))
        return value * DAYS_OF_A_MONTH if self.days.endswith("_MONTHS") else value


MONEY: Final = "It is the books: what was anybody's, and why."
TRADES: Final = "It is what was traded: profit, taxes and proofs are worked out from it."
ORDERS: Final = "It says why an order was sent or refused, and goes with it."
DONE: Final = "It says who did what: a few rows a day, written when somebody acts."
UNFILLED: Final = (
    "EXISTS (SELECT FROM trading_order WHERE id = order_id AND filled_quantity = 0 AND closed_at IS NOT NULL)"
)
TRIED: Final = "What was tried is counted against what is found later: nothing of it may be forgotten."
NOW: Final = "Of now: rows are written anew, or there are as many as there are things of its kind."

RULES: Final[dict[str, Rule]] = {
    "portfolio_snapshot": Rule("at", "SNAPSHOT_DAYS", spare=DAYS_OF_A_MONTH),
    "portfolio_hourlyperformance": Rule("at", "HOURLY_MONTHS"),
    "portfolio_dailyperformance": Rule("day", why="What is left of finer values."),
    "portfolio_correction": Rule("created_at", why=DONE),
    "portfolio_stay": Rule("until", why="Whose profit something was depends on where it stood then."),
    "portfolio_allocationplan": Rule("created_at", why="What a plan that was applied was worked out from."),
    "portfolio_rebalancerun": Rule("created_at", "REBALANCE_DAYS"),
    "farms_agentrun": Rule("created_at", "AGENT_RUN_DAYS", goes="order_id IS NULL", spare=DAYS_OF_A_MONTH),
    "farms_farmevent": Rule("created_at", why=DONE),
    "farms_agentfarmassignment": Rule("started_at", why=DONE),
    "farms_promotion": Rule("created_at", why="Why an agent was let near real money."),
    "farms_strategyversion": Rule("created_at", why="What an agent followed when it decided."),
    "farms_backtest": Rule("created_at", why=TRIED),
    "farms_backtestresult": Rule("created_at", why=TRIED),
    "farms_verdict": Rule("created_at", why=TRIED),
    "farms_sweep": Rule("created_at", why=TRIED),
    "farms_sweepblock": Rule("created_at", why=TRIED),
    "farms_sweepresult": Rule("created_at", why=TRIED),
    "farms_advicecall": Rule("created_at", "ADVICE_DAYS", goes="finished_at IS NOT NULL"),
    "farms_adviceproposal": Rule("created_at", why="What a model proposed is compared with what happened then."),
    "farms_download": Rule("created_at", why=DONE),
    "trading_order": Rule("created_at", why=TRADES),
    "trading_fill": Rule("filled_at", why=TRADES),
    "trading_position": Rule("opened_at", why=TRADES),
    "trading_tradeday": Rule("day", why=TRADES),
    "trading_tradeslice": Rule(why=NOW),
    "trading_heldtotal": Rule("at", why=TRADES),
    "trading_orderevent": Rule("created_at", "ORDER_LOG_DAYS", goes=UNFILLED, spare=DAYS_OF_A_MONTH),
    "trading_riskdecision": Rule("created_at", "ORDER_LOG_DAYS", goes=UNFILLED, spare=DAYS_OF_A_MONTH),
    "trading_amendment": Rule("created_at", why=ORDERS),
    "trading_cancellation": Rule("created_at", why=ORDERS),
    "trading_masscancellation": Rule("created_at", why=DONE),
    "trading_emergencystop": Rule("created_at", why=DONE),
    "wallets_posting": Rule("created_at", why=MONEY),
    "wallets_transfer": Rule("created_at", why=MONEY),
    "wallets_fundallocation": Rule("created_at", "PLAN_DAYS", goes="status = 'previewed'"),
    "wallets_allocationline": Rule(
        "(SELECT created_at FROM wallets_fundallocation AS plan WHERE plan.id = allocation_id)",
        why=f"With its plan. {MONEY}",
    ),
    "wallets_rulerun": Rule("created_at", why=DONE),
    "wallets_venuemovement": Rule("at", why=MONEY),
    "wallets_venueincome": Rule("at", why=MONEY),
    "wallets_demoorder": Rule("created_at", why="The paper venue's books, which ours are compared with."),
    "wallets_demotrade": Rule("created_at", why="The paper venue's books, which ours are compared with."),
    "wallets_demofunding": Rule("at", why="The paper venue's books, which ours are compared with."),
    "wallets_syncrun": Rule("created_at", "SYNC_LOG_DAYS"),
    "wallets_reconciliation": Rule(
        "(SELECT created_at FROM wallets_syncrun AS run WHERE run.id = run_id)", "SYNC_LOG_DAYS"
    ),
    "wallets_ledgerproof": Rule("checked_at", "PROOF_DAYS"),
    "wallets_proofrun": Rule("started_at", "PROOF_DAYS"),
    "goals_goalprogress": Rule("at", why="Thinned out after a week; ends with its goal."),
    "goals_goalevent": Rule("created_at", why=DONE),
    "goals_goalaction": Rule(why=DONE),
    "goals_goalmove": Rule("created_at", why=MONEY),
    "markets_keptseries": Rule(why=NOW),
    "markets_candle": Rule(
        "to_timestamp(ts / 1000.0)",
        why="What strategies are tested on, and what the past was worth is worked out from.",
    ),
    "alerts_alert": Rule("created_at", "ALERT_DAYS", goes="resolved_at IS NOT NULL"),
    "alerts_platformalert": Rule("created_at", "ALERT_DAYS", goes="resolved_at IS NOT NULL"),
    "alerts_delivery": Rule("created_at", "DELIVERY_DAYS", goes="ended_at IS NOT NULL"),
    "approvals_approval": Rule("created_at", "APPROVAL_DAYS", spare=7, goes="answered_at IS NOT NULL"),
    "alerts_mute": Rule("created_at", "ALERT_DAYS", goes="until IS NOT NULL"),
    "audit_auditentry": Rule("at", "AUDIT_DAYS", spare=DAYS_OF_A_MONTH),
    "audit_call": Rule("at", "CALL_DAYS", spare=DAYS_OF_A_MONTH),
    "django_admin_log": Rule("action_time", why=DONE),
    "django_session": Rule("expire_date - interval '14 days'", "SESSION_DAYS"),
    "users_token": Rule("created_at", "SIGN_IN_LOG_DAYS", spare=366),
    "axes_accesslog": Rule("attempt_time", "SIGN_IN_LOG_DAYS"),
    "axes_accessattempt": Rule("attempt_time", "SIGN_IN_LOG_DAYS"),
    "axes_accessattemptexpiration": Rule(why="With its attempt."),
    "axes_accessfailurelog": Rule("attempt_time", "SIGN_IN_LOG_DAYS"),
    **dict.fromkeys(
        (
            "alerts_channel", "alerts_taskfailure", "auth_group", "auth_group_permissions", "auth_permission",
            "django_content_type", "django_migrations", "farms_adviceendpoint", "farms_advicelevel",
            "farms_advicesetting", "farms_advicewatch", "farms_agent", "farms_farm", "farms_strategy", "goals_goal",
            "goals_goalassignment", "goals_goalcursor", "goals_goaltotal", "markets_feedstate",
            "markets_instrument", "markets_lastprice", "markets_ticker", "portfolio_exposurelevel",
            "portfolio_exposurelimit", "portfolio_flowmark", "portfolio_portfoliostate",
            "portfolio_rebalancerule", "trading_aistate", "trading_entrylock", "trading_platformlimit",
            "trading_risklimit",
            "trading_tradetotal",
            "users_recoverycode", "users_secondfactor", "users_user", "users_user_groups",
            "users_user_user_permissions", "wallets_account", "wallets_connection", "wallets_credential",
            "wallets_credentialfield", "wallets_demobalance", "wallets_demoposition", "wallets_platform",
            "wallets_syncturn", "wallets_venueposition", "wallets_wallet", "wallets_walletrule",
        ),
        Rule(why=NOW),
    ),
}  # fmt: skip


def in_words(rule: Rule) -> str:
    """How long rows are kept, for people."""
    days = rule.kept_days
    if days is None:
        return f"for ever. {rule.why}"
    return f"{days} days" + (" (some of them; the others stay)" if rule.goes else "")
