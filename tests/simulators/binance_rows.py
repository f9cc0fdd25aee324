"""Rows of Binance's answers about its futures."""

from typing import Any

from tests.simulators.account import Earned
from tests.simulators.wire import text


def income_rows(one: Earned) -> list[dict[str, Any]]:
    """https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api/Get-Income-History"""
    parts = {
        "transfer": [("TRANSFER", one.realized)],
        "liquidation": [("REALIZED_PNL", one.realized), ("INSURANCE_CLEAR", -one.fee)],
    }.get(one.kind, [("REALIZED_PNL", one.realized), ("FUNDING_FEE", one.funding), ("COMMISSION", -one.fee)])
    return [
        {"symbol": one.market.id if one.market else "", "incomeType": kind, "income": text(amount), "asset": one.asset,
         "time": one.at_ms, "info": kind if one.kind == "transfer" else str(one.number), "tranId": one.number,
         "tradeId": str(one.fill.number) if one.fill else ""}
        for kind, amount in parts if amount
    ]  # fmt: skip
