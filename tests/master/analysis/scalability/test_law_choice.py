"""The law that the data carry is the one with the smallest AICc."""

from math import log

import pytest
from made_levels import made_levels

from gradual_master.analysis.scalability.choice import aicc, compare_laws
from gradual_master.analysis.scalability.fitting import fit_laws, fit_target
from gradual_master.analysis.scalability.law import Usl
from gradual_master.analysis.scalability.levels import read_levels
from gradual_master.analysis.scalability.result import ScalingModel

USERS = tuple(float(users) for users in range(1, 90, 8))


def compared(law: Usl, count: int = len(USERS), noise: float = 0.03) -> tuple[ScalingModel, ...]:
    target = fit_target(read_levels(made_levels(law, USERS[:count], noise)))
    return compare_laws(fit_laws(target), target)


def test_the_criterion_is_that_of_hurvich_and_tsai() -> None:
    assert aicc(2.0, 10, 4, size=1.0) == pytest.approx(10 * log(0.2) + 8 + 8)


@pytest.mark.parametrize(("values", "is_defined"), [(4, False), (5, False), (6, True)])
def test_the_criterion_is_undefined_unless_values_exceed_the_parameters_by_two(values: int, is_defined: bool) -> None:
    assert (aicc(1.0, values, 4, size=1.0) is not None) == is_defined


@pytest.mark.parametrize(
    ("law", "name"),
    [(Usl(20.0, 0.03, 0.0005), "usl"), (Usl(20.0, 0.05, 0.0), "amdahl"), (Usl(20.0, 0.0, 0.0), "linear")],
)
def test_noisy_data_choose_the_law_that_made_them(law: Usl, name: str) -> None:
    assert compared(law)[0].name == name


@pytest.mark.parametrize(
    ("law", "name"),
    [(Usl(20.0, 0.03, 0.0005), "usl"), (Usl(20.0, 0.05, 0.0), "amdahl"), (Usl(20.0, 0.0, 0.0), "linear")],
)
def test_exact_data_choose_the_simplest_law_on_which_they_lie(law: Usl, name: str) -> None:
    assert compared(law, noise=0.0)[0].name == name


def test_the_weights_of_all_laws_are_one() -> None:
    models = compared(Usl(20.0, 0.05, 0.0))
    weights = [model.weight for model in models if model.weight is not None]
    assert sum(weights) == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)


def test_a_law_with_too_many_parameters_for_the_data_comes_last_and_has_no_weight() -> None:
    last = compared(Usl(20.0, 0.03, 0.0005), count=5)[-1]
    assert (last.name, last.aicc, last.weight) == ("usl", None, None)
