"""skfolio as oracle: on random problems with random constraints our objective must be as good as its, to 1e-6.

A module of its own, so that the seconds of its import are those of the tests that need it.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from quant.allocation import Constraints, Group, Options, allocate
from quant.allocation.moments import ledoit_wolf, oas

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from skfolio.cluster import HierarchicalClustering, LinkageMethod
    from skfolio.distance import PearsonDistance
    from skfolio.moments import LedoitWolf as Shrunk
    from skfolio.optimization import (
        HierarchicalRiskParity,
        MaximumDiversification,
        MeanRisk,
        ObjectiveFunction,
        RiskBudgeting,
    )
    from skfolio.prior import EmpiricalPrior
    from skfolio.seriation import HierarchicalSeriation
    from sklearn.covariance import OAS, LedoitWolf

WITHIN = 1e-6


def random_problem(seed: int) -> tuple[np.ndarray, Constraints, dict[str, Any], float]:
    """Returns, our constraints, the same for skfolio, and a risk tolerance."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(2, 25))
    market = generator.normal(0, 0.01, (200, 1))
    returns = market + generator.normal(0.0005, 0.01, (200, count)) * generator.uniform(0.5, 2, count)
    maximum = float(generator.choice([1.0, max(3 / count, 0.4)]))
    minimum = float(generator.choice([0.0, 0.2 / count]))
    options: dict[str, Any] = {"min_weights": minimum, "max_weights": maximum}
    groups: tuple[Group, ...] = ()
    if count >= 4 and generator.random() < 0.5:
        half = count // 2
        groups = (Group("first", tuple(range(half)), 0.2, 0.6),)
        labels = ["first"] * half + ["second"] * (count - half)
        options |= {"groups": [labels], "linear_constraints": ["first >= 0.2", "first <= 0.6"]}
    return (
        returns,
        Constraints(minimum=minimum, maximum=maximum, groups=groups),
        options,
        float(generator.uniform(0.05, 2)),
    )


def solved(model: Any, returns: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(returns)
    return np.asarray(model.weights_)


def prior() -> Any:
    return EmpiricalPrior(covariance_estimator=Shrunk())


def compare(seed: int) -> None:
    returns, constraints, options, tolerance = random_problem(seed)
    sigma, means = ledoit_wolf(returns), returns.mean(axis=0)

    def variance(weights: np.ndarray) -> float:
        return float(weights @ sigma @ weights)

    least = allocate(returns, "minimum_variance", constraints).weights
    theirs = solved(MeanRisk(prior_estimator=prior(), **options), returns)
    assert variance(least) <= variance(theirs) * (1 + WITHIN)
    assert least.sum() == pytest.approx(1)

    tree = allocate(returns, "hierarchical_risk_parity", options=Options(covariance="sample")).weights
    single = HierarchicalClustering(linkage_method=LinkageMethod.SINGLE)
    settings = HierarchicalSeriation(hierarchical_clustering_estimator=single, optimal_ordering=False)
    model = HierarchicalRiskParity(distance_estimator=PearsonDistance(), seriation_estimator=settings)
    np.testing.assert_allclose(tree, solved(model, returns), rtol=WITHIN)

    if not (means > 0).any():
        return  # where we choose minimum variance, and say so
    ours = allocate(returns, "mean_variance", constraints, Options(risk_tolerance=tolerance)).weights
    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_aversion=1 / (2 * tolerance),
        prior_estimator=prior(),
        **options,
    )
    theirs = solved(model, returns)

    def utility(weights: np.ndarray) -> float:
        return tolerance * float(means @ weights) - variance(weights) / 2

    assert utility(ours) >= utility(theirs) - WITHIN * abs(utility(theirs))

    answer = allocate(returns, "maximum_sharpe", constraints)
    best = answer.weights
    if answer.method == "maximum_sharpe":
        ratio = ObjectiveFunction.MAXIMIZE_RATIO
        theirs = solved(MeanRisk(objective_function=ratio, prior_estimator=prior(), **options), returns)
        reached, expected = (float(means @ w) / variance(w) ** 0.5 for w in (best, theirs))
        assert reached >= expected - WITHIN * abs(expected)

    spread = np.sqrt(np.diag(sigma))
    diversified = allocate(returns, "maximum_diversification", constraints).weights
    theirs = solved(MaximumDiversification(prior_estimator=prior(), **options), returns)
    reached, expected = (float(spread @ w) / variance(w) ** 0.5 for w in (diversified, theirs))
    assert reached >= expected - WITHIN * expected

    if constraints.maximum == 1.0 and constraints.minimum == 0.0 and not constraints.groups:
        equal = allocate(returns, "risk_parity").weights
        shares = equal * (sigma @ equal) / variance(equal)
        np.testing.assert_allclose(shares, 1 / len(equal), atol=1e-9)
        theirs = solved(RiskBudgeting(prior_estimator=prior()), returns)

        def risk_less_budget(weights: np.ndarray) -> float:
            # Risk parity minimises risk - Σ log(w) / N; it is the same for every scale of weights at its best one.
            return float(np.log(variance(weights)) / 2 - np.log(weights).mean())

        assert risk_less_budget(equal) <= risk_less_budget(theirs) + WITHIN


def compare_covariances(seed: int) -> None:
    """Those of scikit-learn."""
    returns = random_problem(seed)[0]
    np.testing.assert_allclose(ledoit_wolf(returns), LedoitWolf().fit(returns).covariance_, atol=1e-15)
    np.testing.assert_allclose(oas(returns), OAS().fit(returns).covariance_, atol=1e-15)
