"""What farms keep: themselves and their agents, and what the laboratory tried."""

from farms.models.advice import AdviceCall, AdviceEndpoint, AdviceLevel, AdviceProposal, AdviceSetting, AdviceWatch
from farms.models.downloads import Download
from farms.models.farms import (
    Agent,
    AgentFarmAssignment,
    AgentRun,
    Farm,
    FarmEvent,
    FractionField,
    SavedStrategy,
    StrategyVersion,
)
from farms.models.laboratory import (
    Backtest,
    BacktestResult,
    Job,
    Question,
    Sweep,
    SweepBlock,
    SweepResult,
    Verdict,
)
from farms.models.promotions import Promotion

__all__ = [
    "AdviceCall",
    "AdviceEndpoint",
    "AdviceLevel",
    "AdviceProposal",
    "AdviceSetting",
    "AdviceWatch",
    "Agent",
    "AgentFarmAssignment",
    "AgentRun",
    "Backtest",
    "BacktestResult",
    "Download",
    "Farm",
    "FarmEvent",
    "FractionField",
    "Job",
    "Promotion",
    "Question",
    "SavedStrategy",
    "StrategyVersion",
    "Sweep",
    "SweepBlock",
    "SweepResult",
    "Verdict",
]
