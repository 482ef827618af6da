"""The soft limit of open files rises to the hard one."""

import resource

import pytest

from gradual_common.process.file_limit import raise_file_limit

ENOUGH = 20_000


@pytest.mark.parametrize(
    ("limits", "raised_to"), [((1024, 4096), 4096), ((4096, 4096), 4096), ((1024, resource.RLIM_INFINITY), ENOUGH)]
)
def test_the_soft_limit_is_raised_to_the_hard_one(
    limits: tuple[int, int], raised_to: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits_set: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits_set.append(wanted))
    assert raise_file_limit(ENOUGH) == raised_to
    assert limits_set == [(limits[1], limits[1])]


def test_a_kernel_that_gives_less_than_the_hard_limit_leaves_the_soft_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (2560, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_file_limit(ENOUGH) == 2560
