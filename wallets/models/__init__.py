"""Platforms, connections, the wallet hierarchy, the rows of the ledger, syncs, the demo exchange's books."""

from wallets.models.demo import DemoBalance, DemoFunding, DemoOrder, DemoPosition, DemoTrade
from wallets.models.hierarchy import Wallet
from wallets.models.kinds import PostingKind, Purpose
from wallets.models.ledger import Account, AllocationLine, Entry, FundAllocation, Hold, Posting, Transfer
from wallets.models.platforms import Connection, Credential, CredentialField, Platform, fee_of
from wallets.models.rules import RuleRun, WalletRule
from wallets.models.sync import (
    LedgerProof,
    ProofRun,
    Reconciliation,
    SyncRun,
    SyncTurn,
    VenueIncome,
    VenueMovement,
    VenuePosition,
)

__all__ = (
    "Account",
    "AllocationLine",
    "Connection",
    "Credential",
    "CredentialField",
    "DemoBalance",
    "DemoFunding",
    "DemoOrder",
    "DemoPosition",
    "DemoTrade",
    "Entry",
    "FundAllocation",
    "Hold",
    "LedgerProof",
    "Platform",
    "Posting",
    "PostingKind",
    "ProofRun",
    "Purpose",
    "Reconciliation",
    "RuleRun",
    "SyncRun",
    "SyncTurn",
    "Transfer",
    "VenueIncome",
    "VenueMovement",
    "VenuePosition",
    "Wallet",
    "WalletRule",
    "fee_of",
)
