"""On random problems with random constraints we are as good as skfolio, and our covariances are scikit-learn's."""

from typing import Any

import numpy as np
import pytest

from quant.allocation import Options
from quant.allocation.moments import covariance


@pytest.fixture(scope="module")
def oracle() -> Any:
    pytest.importorskip("skfolio")
    from tests.quant.allocation import oracle

    return oracle


@pytest.mark.parametrize("seed", range(8))
def test_objectives_are_as_good_as_skfolios(oracle: Any, seed: int) -> None:
    oracle.compare(seed)


@pytest.mark.slow
def test_objectives_are_as_good_on_two_hundred_problems(oracle: Any) -> None:
    for seed in range(200):
        oracle.compare(1_000 + seed)


@pytest.mark.parametrize("seed", range(5))
def test_covariances_are_those_of_scikit_learn(oracle: Any, seed: int) -> None:
    oracle.compare_covariances(seed)


def test_the_exponential_covariance_with_an_endless_memory_is_the_sample_one(oracle: Any) -> None:
    returns = oracle.random_problem(0)[0]
    endless = covariance(returns, Options(covariance="ewma", half_life=1e9))
    np.testing.assert_allclose(endless, np.cov(returns, rowvar=False), rtol=1e-5)
