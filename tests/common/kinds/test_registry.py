"""The kinds of actions: those built in, those that are installed, and the error for one that cannot be used."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from plan_samples import load, mistakes, small

from gradual_common.errors import ActionKindError
from gradual_common.kinds import registry
from gradual_common.kinds.failures import BUILT_IN_KINDS, KIND
from gradual_common.kinds.http.kind import HttpKind
from gradual_common.plan.model.series import SeriesIndex

ECHO = """
from typing import Literal
from gradual_common.kinds.failure import FailureKind
from gradual_common.kinds.kind import ActionKind
from gradual_common.kinds.kind import ActionSpec

class Echo(ActionSpec):
    kind: Literal["echo"]
    say: str

class EchoKind(ActionKind):
    name = "echo"
    model = Echo
    engine = "nowhere:make"
    failures = (FailureKind("echo_hoarse", "hoarse", has_response=True),)
    template_keys = ("say",)

class Thief(EchoKind):
    name = "thief"
    failures = (FailureKind("timeout", "mine"),)

ECHO, THIEF = EchoKind(), Thief()

async def act(user): ...
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with a kind that can be used, and others that cannot."""
    (tmp_path / "echo_kind.py").write_text(ECHO)
    info = tmp_path / "echo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: echo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[gradual.actions]\necho = echo_kind:ECHO\nalias = echo_kind:ECHO\nthief = echo_kind:THIEF\n"
        "act = echo_kind:act\nbroken = echo_kind:NOTHING\nabsent = no_such_module:X\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_known", {"http": HttpKind()})
    yield
    sys.modules.pop("echo_kind", None)


def test_an_installed_kind_is_imported_when_it_is_named_and_not_before() -> None:
    assert registry.kind_called("http").name == "http"
    assert "echo_kind" not in sys.modules
    assert registry.kind_called("echo").name == "echo"
    assert registry.kind_called("echo") is registry.kind_called("echo")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ecko", r"there is no kind of action 'ecko'; there are: .*echo, http, thief; did you mean 'echo'\?"),
        ("alias", "echo_kind:ECHO is not an ActionKind with the name 'alias'"),
        ("thief", "the kind 'thief' names a failure that there is already: timeout"),
        ("act", "'act' is a Python action, and no kind: write python: act"),
        ("broken", "the kind 'broken' cannot be imported: AttributeError"),
        ("absent", "the kind 'absent' cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_kind_that_cannot_be_used_says_why(name: str, said: str) -> None:
    with pytest.raises(ActionKindError, match=said):
        registry.kind_called(name)


def test_all_kinds_are_those_that_can_be_used() -> None:
    assert [kind.name for kind in registry.all_kinds()] == ["http", "echo"]


def test_failures_of_other_kinds_follow_the_built_in_ones() -> None:
    assert registry.failures_of(["http", "http"]) is BUILT_IN_KINDS
    failures = registry.failures_of(["echo", "http"])
    assert failures.names == (*BUILT_IN_KINDS.names, "echo_hoarse")
    assert failures.have_response[-1] is True
    assert [*registry.known_failures()][-1] == "echo_hoarse"


def test_a_plan_numbers_its_failures_and_judges_by_them() -> None:
    plan = small(
        users__0__behavior=["a", "get"], actions__a={"kind": "echo", "say": "{{ vu.slot }}"},
        actions__get={"url": "http://h/"}, thresholds=["count(kind=echo_hoarse) < 5"],
    )  # fmt: skip
    index = SeriesIndex.of(load(plan).plan)
    assert index.failures.numbers["echo_hoarse"] == len(KIND)


def test_mistakes_in_its_actions_are_reported_like_any_other() -> None:
    reported = mistakes(
        small(users__0__behavior=["a", "b", "c"], actions__a={"kind": "echo", "sayy": "x"},
              actions__b={"kind": "http2", "url": "/"}, actions__c={"kind": 7, "url": "/"})
    )  # fmt: skip
    text = "\n".join(map(str, reported))
    assert "unknown key 'sayy'" in text
    assert "did you mean 'say'?" in text
    assert "say is missing" in text
    assert "there is no kind of action 'http2'" in text
    assert "actions.b.kind" in text
    assert "a kind of action is text; found 7" in text
