"""Histograms count exactly, merge to the bit, and tell quantiles within 0.55 %."""

import itertools
import json

import numpy as np
import pytest
from histogram_samples import histogram_of, unpack_histograms
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.errors import HistogramMismatchError
from gradual_common.histogram.buckets import EDGES, QUANTILE_ERROR
from gradual_common.histogram.columns import pack_values
from gradual_common.histogram.histogram import Histogram

QUANTILES = (0.0, 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0)

times = st.one_of(st.integers(0, 5 * 10**12), st.integers(900, 2000), st.sampled_from([EDGES[0], EDGES[-1], 10**9]))
samples = st.lists(times, max_size=60)


def merged(*parts: Histogram) -> Histogram:
    total = Histogram()
    for part in parts:
        total.merge(part)
    return total


def lognormal(random: np.random.Generator, size: int) -> np.ndarray:
    return random.lognormal(-3, 1.5, size)


def pareto(random: np.random.Generator, size: int) -> np.ndarray:
    return 0.002 * (1 + random.pareto(1.2, size))


def bimodal(random: np.random.Generator, size: int) -> np.ndarray:
    return np.where(random.random(size) < 0.9, random.normal(0.004, 0.0005, size), random.normal(1.5, 0.2, size))


def constant(_random: np.random.Generator, size: int) -> np.ndarray:
    return np.full(size, 0.123456789)


def microseconds(random: np.random.Generator, size: int) -> np.ndarray:
    return random.uniform(1e-6, 3e-6, size)


@pytest.mark.parametrize("distribution", [lognormal, pareto, bimodal, constant, microseconds])
@given(seed=st.integers(0, 2**32), size=st.sampled_from([1, 2, 9, 100, 5000]))
def test_quantiles_are_within_the_stated_error_of_the_exact_ones(distribution, seed, size) -> None:
    seconds = distribution(np.random.default_rng(seed), size)
    values = np.clip((seconds * 1e9).astype(np.int64), 1_000, 3_600 * 10**9)
    histogram = Histogram()
    histogram.add_many(values)
    ranked = np.sort(values)
    for q in QUANTILES:
        exact = int(ranked[max(1, -(-round(q * 10_000) * size // 10_000)) - 1])
        estimate = histogram.quantile(q)
        assert estimate is not None
        assert abs(estimate - exact) <= QUANTILE_ERROR * exact


def test_a_constant_is_its_own_quantile() -> None:
    """The estimate is clamped to [min, max]."""
    assert {histogram_of([123_456_789] * 10).quantile(q) for q in QUANTILES} == {123_456_789.0}


def test_a_rank_is_that_of_the_decimal_as_written() -> None:
    """0.07 · 100 is 7.000000000000001 in binary floats, and rank 8 would be wrong."""
    histogram = histogram_of([10**6] * 7 + [10**9] * 93)
    assert histogram.quantile(0.07) == pytest.approx(10**6, rel=QUANTILE_ERROR)


def test_values_outside_the_buckets_are_known_by_minimum_and_maximum() -> None:
    histogram = histogram_of([10, 20, 10**9, 10**13, 2 * 10**13])
    assert (histogram.underflow, histogram.overflow) == (2, 2)
    assert [histogram.quantile(q) for q in (0.2, 0.4, 0.8, 1.0)] == [10, 10, 2 * 10**13, 2 * 10**13]


@given(samples.filter(bool), st.lists(st.floats(0, 1), min_size=2, max_size=2))
def test_quantiles_rise_and_stay_between_minimum_and_maximum(values: list[int], shares: list[float]) -> None:
    histogram = histogram_of(values)
    low, high = (histogram.quantile(q) for q in sorted(shares))
    assert low is not None
    assert high is not None
    assert min(values) <= low <= high <= max(values)


def test_an_empty_histogram_has_no_figures() -> None:
    empty = Histogram()
    assert (empty.quantile(0.5), empty.min, empty.max, empty.mean, empty.count) == (None, None, None, None, 0)


@pytest.mark.parametrize("q", [-0.1, 1.1, float("nan")])
def test_a_quantile_outside_the_unit_interval_is_an_error(q: float) -> None:
    with pytest.raises(ValueError, match=r"lies in \[0, 1\]"):
        Histogram().quantile(q)


@given(samples)
def test_count_sum_minimum_and_maximum_are_exact(values: list[int]) -> None:
    histogram = histogram_of(values)
    assert (histogram.count, histogram.sum) == (len(values), sum(values))
    assert (histogram.min, histogram.max) == ((min(values), max(values)) if values else (None, None))
    assert histogram.mean == (sum(values) / len(values) if values else None)


@given(samples)
def test_adding_one_by_one_is_adding_all_at_once(values: list[int]) -> None:
    assert merged(*(histogram_of([value]) for value in values)) == histogram_of(values)


@given(samples, samples, samples)
def test_merging_is_associative_and_commutative_to_the_bit(a: list[int], b: list[int], c: list[int]) -> None:
    whole = json.dumps(histogram_of([*a, *b, *c]).to_json())
    parts = [histogram_of(values) for values in (a, b, c)]
    for x, y, z in itertools.permutations(parts):
        assert json.dumps(merged(merged(x, y), z).to_json()) == whole
        assert json.dumps(merged(x, merged(y, z)).to_json()) == whole


def test_sums_do_not_overflow() -> None:
    """A year of a hundred thousand users is beyond 2⁶³ ns."""
    histogram = Histogram.from_json(histogram_of([10**9]).to_json() | {"sum": 2**62})
    for _ in range(3):
        histogram.merge(histogram)
    assert histogram.sum == 2**65


@given(samples)
def test_the_summary_form_loses_nothing(values: list[int]) -> None:
    histogram = histogram_of(values)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))) == histogram


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scale": 5}, "cannot be merged"),
        ({"unit": "us"}, "cannot be merged"),
        ({"indices": [757]}, "outside"),
        ({"indices": [-1277]}, "outside"),
        ({"count": 9}, "add up"),
    ],
)
def test_a_histogram_of_other_parameters_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(HistogramMismatchError, match=message):
        Histogram.from_json(histogram_of([10**9]).to_json() | change)


def test_indices_are_those_of_the_exponent() -> None:
    """1 s = b⁰ is the upper edge of index −1; one nanosecond more lies in index 0."""
    assert histogram_of([10**9, 10**9 + 1, 2 * 10**9]).indices() == {-1: 1, 0: 1, 63: 1}


@given(samples)
def test_opentelemetry_and_prometheus_buckets_hold_every_sample_but_the_zero_bucket(values: list[int]) -> None:
    """Each sample lies in (b^i, b^(i+1)] of its OpenTelemetry index i, and Prometheus counts one further."""
    histogram = histogram_of(values)
    offset, counts = histogram.otel_buckets()
    indexed = {offset + n: count for n, count in enumerate(counts) if count}
    assert sum(counts) + histogram.underflow == len(values)
    assert histogram.indices().items() <= indexed.items()
    assert histogram.prometheus_buckets() == {index + 1: count for index, count in indexed.items()}


@given(st.lists(samples, max_size=4))
def test_packing_and_unpacking_loses_nothing(lists: list[list[int]]) -> None:
    keys = [(cell, 3) for cell, _ in enumerate(lists)]
    columns = pack_values(keys, [np.array(values, dtype=np.int64) for values in lists])
    assert unpack_histograms(columns) == [
        (key, histogram_of(values)) for key, values in zip(keys, lists, strict=True) if values
    ]


def test_a_histogram_says_what_it_holds() -> None:
    assert repr(histogram_of([5, 7])) == "Histogram(count=2, min=5, max=7)"
    assert histogram_of([5]) != "Histogram"


@pytest.mark.parametrize("limit", [0, 400, 1_000, 250_000_000, 250_400_000, 500_000_000, 5e12])
def test_the_count_above_a_limit_agrees_with_the_quantile_of_every_rank(limit: float) -> None:
    times = np.random.default_rng(7).lognormal(19.3, 0.5, 500).astype(np.int64)
    histogram = Histogram()
    histogram.add_many(np.concatenate([times, np.array([300, 500, 4 * 10**12])]))
    ranks = range(1, histogram.count + 1)
    quantiles = [histogram.quantile(min(1.0, (rank - 0.5) / histogram.count)) for rank in ranks]
    assert histogram.count_above(limit) == sum(value is not None and value > limit for value in quantiles)


def test_the_count_above_a_limit_is_that_of_the_samples_but_for_the_limit_s_bucket() -> None:
    times = np.random.default_rng(8).lognormal(19.3, 0.5, 10_000).astype(np.int64)
    histogram = Histogram()
    histogram.add_many(times)
    counted = histogram.count_above(250_000_000)
    assert (times > 250_000_000 * 1.011).sum() <= counted <= (times > 250_000_000 * 0.989).sum()


def test_no_time_of_an_empty_histogram_is_above_a_limit() -> None:
    assert Histogram().count_above(0) == 0


@pytest.mark.parametrize("limit", [0, 250_000_000, 10**12])
def test_the_sum_above_a_limit_is_that_of_the_samples_but_for_the_error(limit: int) -> None:
    values = np.arange(1, 1001, dtype=np.int64) * 1_000_000
    histogram = Histogram()
    histogram.add_many(values)
    assert histogram.sum_above(limit) == pytest.approx(int(values[values > limit].sum()), rel=0.006)
    assert Histogram().sum_above(limit) == 0
