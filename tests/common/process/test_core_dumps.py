"""A process that holds secrets dumps no memory when it crashes, unless its user wants that."""

import resource

import pytest

from gradual_common.process.core_dumps import NO_DUMP, forbid_core_dumps


@pytest.mark.parametrize(
    ("hard", "environment", "soft"),
    [
        (resource.RLIM_INFINITY, {}, NO_DUMP),
        (4096, {}, NO_DUMP),
        (0, {}, 0),
        (4096, {"GRADUAL_CORE_DUMPS": "0"}, NO_DUMP),
        (4096, {"GRADUAL_CORE_DUMPS": "1"}, None),
    ],
)
def test_the_soft_limit_is_lowered(
    hard: int, environment: dict[str, str], soft: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (hard, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda kind, both: limits.append((kind, *both)))
    forbid_core_dumps(environment)
    assert limits == ([] if soft is None else [(resource.RLIMIT_CORE, soft, hard)])
