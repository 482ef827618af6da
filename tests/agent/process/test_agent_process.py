"""One process: as many users as its descriptors hold, a key of its own, a calm collector."""

import gc
from dataclasses import replace

import pytest

from gradual_agent.errors import AgentError
from gradual_agent.process import process
from gradual_agent.process.options import AgentOptions

OPTIONS = AgentOptions("unix:/m", "a", None, 1_000_000_000)


@pytest.mark.parametrize(
    ("limit", "asked", "users"),
    [(1024, None, 824), (100_000, None, 20_000), (100_000, 50, 50), (1024, 5000, 5000)],
)
def test_an_agent_takes_as_many_users_as_asked_or_as_its_descriptors_allow(
    limit: int, asked: int | None, users: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[int] = []

    async def serve(_: AgentOptions, max_users: int) -> int:
        served.append(max_users)
        return 0

    monkeypatch.setattr(process, "raise_file_limit", lambda _: limit)
    monkeypatch.setattr(process, "serve", serve)
    assert process.run_process(replace(OPTIONS, max_users=asked)) == 0
    assert served == [users]


def test_too_few_descriptors_are_an_error_before_any_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "raise_file_limit", lambda _: 200)
    with pytest.raises(AgentError, match="ulimit -n"):
        process.run_process(OPTIONS)


def test_no_two_processes_have_one_key() -> None:
    one, other = (process.introduction_of(replace(OPTIONS, name="a"), 7) for _ in range(2))
    assert len(one.incarnation) == 16
    assert one.incarnation != other.incarnation
    assert (one.name, one.max_users) == ("a", 7)


def test_the_collector_leaves_out_what_is_loaded() -> None:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    try:
        process.calm_collector()
        assert gc.get_freeze_count() > frozen
        assert gc.get_threshold()[0] == process.YOUNG_OBJECTS
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
