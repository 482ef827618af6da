"""A search begins with a run, if the run's intervals are short enough for its trials."""

import pytest

from gradual_common.clock import NS_PER_S
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.scheduling import compile_schedule
from gradual_master.errors import OptionError
from gradual_master.results.aggregate import Aggregate


def begin(interval_s: int, hold: str) -> Aggregate:
    ramp = {"strategy": "find_capacity", "hold": hold}
    plan = Plan.model_validate(
        {
            "config": {"base_url": "http://bank.example", "duration": "30m", "ramp_up": ramp},
            "users": [{"name": "caller", "concurrency": 200, "behavior": ["call"]}],
            "actions": {"call": {"url": "/"}},
            "thresholds": ["mean < 100ms"],
        }
    )
    return Aggregate(plan, compile_schedule(plan), interval_s * NS_PER_S)


@pytest.mark.parametrize(
    ("interval_s", "hold", "advice"),
    [
        (60, "30s", "an `--interval` of at most 15s, or a `hold` of at least 2m30s"),
        (7, "1s", "an `--interval` of at most 6.3s, or a `hold` of at least 4s"),
    ],
)
def test_intervals_by_which_no_level_could_be_judged_are_refused(interval_s: int, hold: str, advice: str) -> None:
    with pytest.raises(OptionError) as refused:
        begin(interval_s, hold)
    assert str(refused.value).startswith(f"--interval {interval_s if interval_s < 60 else '1m'}")
    assert str(refused.value).endswith(advice)


@pytest.mark.parametrize(("interval_s", "hold"), [(60, "150s"), (15, "30s"), (7, "4s"), (6, "1s")])
def test_what_is_advised_is_accepted(interval_s: int, hold: str) -> None:
    assert begin(interval_s, hold).search is not None
