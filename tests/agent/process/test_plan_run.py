"""A job that an agent cannot read is refused without quoting it."""

import pytest

from gradual_agent.errors import JobError
from gradual_agent.process.plan_run import read_plan
from gradual_common.protocol.job import Job


def test_a_plan_that_cannot_be_read_is_reported_by_its_paths_only() -> None:
    document = {"config": {"headers": "hunter2", "duration": "hunter2"}, "users": []}
    with pytest.raises(JobError) as caught:
        read_plan(Job(document, {}, {}, 1))
    assert "config.headers: " in str(caught.value)
    assert "hunter2" not in str(caught.value).replace("'hunter2' is not a duration", "")
