"""The history of a baseline: each metric over its runs, and the runs from which on it is different."""

from compared_runs import run, runs

from gradual_master.comparing.history import histories_of

METRICS = ["throughput", "mean", "p50", "p95", "p99", "error_rate"]


def test_a_metric_has_a_value_per_run() -> None:
    histories = histories_of(runs("a", 1.0, 1.0, 1.2))
    assert [found.metric for found in histories] == METRICS
    p95 = histories[3]
    assert p95.values == (90.0, 90.0, 108.0)
    assert p95.change_points == ()


def test_a_run_from_which_on_the_times_are_longer_is_a_change_point() -> None:
    slow = [1 + 0.001 * place for place in range(10)] + [1.2 + 0.001 * place for place in range(10)]
    histories = {found.metric: found for found in histories_of(runs("a", *slow))}
    (point,) = histories["p95"].change_points
    assert point.index == 10
    assert point.change_percent is not None
    assert 18 < point.change_percent < 22
    assert [point.index for point in histories["throughput"].change_points] == [10]
    assert histories["error_rate"].change_points == ()


def test_runs_without_a_common_level_or_value_have_no_history() -> None:
    assert histories_of([]) == ()
    assert histories_of([run("a", targets=(10,)), run("b", targets=(20,))]) == ()
    assert [found.metric for found in histories_of([run("a"), run("b", p95=None)])] == [
        metric for metric in METRICS if metric != "p95"
    ]
