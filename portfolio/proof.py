"""What is proved of what everything was worth: nothing was worth anything tomorrow."""

from typing import Final

from wallets.ledger.checks import AHEAD, ALL, Check

CHECKS: Final = (
    Check(
        "values",
        "No value is of the future",
        {
            ALL: (
                f"""
                SELECT format('The value of %s (%s %s) is of %s, which is yet to come.',
                              COALESCE('wallet ' || wallet_id, 'everything of ' || owner_id), equity, base, at)
                FROM portfolio_snapshot WHERE at > now() + {AHEAD} ORDER BY at LIMIT 1
                """,  # noqa: S608 - a constant
            )
        },
    ),
)
