"""A reporter is found by any of its names, and an obstacle is reported with its location."""

import importlib.util
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from gradual.reporting import BaseReporter
from gradual_master.errors import ReporterError
from gradual_master.reporting import BUILT_IN
from gradual_master.reporting.console.reporter import ConsoleReporter
from gradual_master.reporting.jsonfile import JsonReporter
from gradual_master.reporting.running import lookup
from gradual_master.reporting.running.lookup import ReporterFinder

ONE = """
from gradual.reporting import BaseReporter

class Mine(BaseReporter):
    pass
"""
TWO = ONE + "class Other(BaseReporter):\n    pass\n"


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the command is given; the plan lies in another."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    known = set(sys.modules)
    yield folder
    for name in set(sys.modules) - known:
        if name.startswith(("gradual_reporter_", "acme")):
            del sys.modules[name]


@pytest.fixture
def plans(tmp_path: Path) -> Path:
    folder = tmp_path / "plans"
    folder.mkdir()
    return folder


def finder(plans: Path = Path(), **named: str) -> ReporterFinder:
    return ReporterFinder(BUILT_IN, named, plans)


def refusal(found: ReporterFinder, spec: str) -> str:
    with pytest.raises(ReporterError) as caught:
        found.find(spec)
    return str(caught.value)


# ── Names ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("spec", "kind", "arg"),
    [
        ("console", ConsoleReporter, None),
        ("json=a=b.json", JsonReporter, "a=b.json"),
        ("json=", JsonReporter, ""),
        ("json", JsonReporter, None),
    ],
)
def test_a_built_in_reporter_is_named_with_its_argument(spec: str, kind: type, arg: str | None) -> None:
    reporter = finder().find(spec)
    assert type(reporter) is kind
    assert reporter.arg == arg


@pytest.mark.parametrize("place", ["plan", "work"])
@pytest.mark.parametrize("file", ["custom.py", "custom_reporter.py"])
def test_a_file_beside_the_plan_or_in_the_working_folder_is_found_by_its_name(
    plans: Path, working_folder: Path, place: str, file: str
) -> None:
    folder = plans if place == "plan" else working_folder
    (folder / file).write_text(ONE)
    reporter = finder(plans).find("custom=x")
    assert (type(reporter).__name__, reporter.arg) == ("Mine", "x")
    assert isinstance(reporter, BaseReporter)


def test_beside_the_plan_comes_before_the_working_folder_and_the_plain_name_before_the_long(
    plans: Path, working_folder: Path
) -> None:
    def write(folder: Path, name: str) -> str:
        (folder / name).write_text(ONE.replace("Mine", name.removesuffix(".py").title() + folder.name.title()))
        return type(finder(plans).find("custom")).__name__

    assert write(working_folder, "custom_reporter.py") == "Custom_ReporterWork"
    assert write(working_folder, "custom.py") == "CustomWork"
    assert write(plans, "custom_reporter.py") == "Custom_ReporterPlans"
    assert write(plans, "custom.py") == "CustomPlans"


def test_a_file_and_a_class_name_one_of_several_from_the_working_folder(plans: Path, working_folder: Path) -> None:
    (working_folder / "mine.py").write_text(TWO)
    reporter = finder(plans).find("mine.py:Other=1:2=3")
    assert (type(reporter).__name__, reporter.arg) == ("Other", "1:2=3")
    (plans / "far.py").write_text(ONE)
    assert type(finder(plans).find(f"{plans}/far.py:Mine")).__name__ == "Mine"


def test_a_module_and_a_class_are_imported(plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plans / "acme_reports").mkdir()
    (plans / "acme_reports" / "deep.py").write_text(ONE)
    monkeypatch.syspath_prepend(plans)
    assert type(finder().find("acme_reports.deep:Mine=x")).__module__ == "acme_reports.deep"


def test_the_plans_names_are_relative_to_the_plan(plans: Path, working_folder: Path) -> None:
    (plans / "lib").mkdir()
    (plans / "lib" / "mine.py").write_text(TWO)
    (working_folder / "own.py").write_text(ONE)
    found = finder(plans, mine="lib/mine.py:Other", far=f"{working_folder}/own.py:Mine")
    assert type(found.find("mine=x")).__name__ == "Other"
    assert type(found.find("far")).__name__ == "Mine"


def entries(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    def entry_points(group: str) -> list[EntryPoint]:
        assert group == "gradual.reporters"
        return [EntryPoint(name, value, group) for name, value in values.items()]

    monkeypatch.setattr(lookup, "entry_points", entry_points)


def test_a_package_offers_reporters_as_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, acme="gradual_master.reporting.jsonfile:JsonReporter")
    reporter = finder().find("acme=x.json")
    assert isinstance(reporter, JsonReporter)
    assert reporter.arg == "x.json"


def test_the_nearer_a_name_is_to_the_user_the_sooner_it_holds(plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built in, then the plan's, then a package's, then a file's."""
    (plans / "json.py").write_text(ONE)
    (plans / "acme.py").write_text(ONE)
    entries(monkeypatch, acme="gradual_master.reporting.console.reporter:ConsoleReporter")
    assert type(finder(plans, json="json.py:Mine").find("json")) is JsonReporter
    assert type(finder(plans).find("acme")) is ConsoleReporter
    assert type(finder(plans, acme="acme.py:Mine").find("acme")).__name__ == "Mine"


# ── What is not there ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_is_not_there_is_reported_with_the_nearest_with_all_and_with_where_it_was_sought(
    plans: Path, working_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries(monkeypatch, acme="acme:Reporter")
    message = refusal(finder(plans, mine="mine.py:Mine"), "jsn=x")
    assert message.startswith("there is no reporter 'jsn'; did you mean 'json'")
    assert f"; there are {', '.join(BUILT_IN)}, mine, acme; looked for " in message
    for folder in (plans, working_folder):
        assert f"{folder / 'jsn.py'}, {folder / 'jsn_reporter.py'}" in message


def test_a_folder_is_not_looked_in_twice(working_folder: Path) -> None:
    message = refusal(finder(working_folder), "qqq")
    assert message.count(str(working_folder / "qqq.py")) == 1
    assert "did you mean" not in message


@pytest.mark.parametrize(
    ("named", "near"), [("mine", "mone"), ("console", "consol"), ("acme", "acmee")], ids=["plan", "built in", "entry"]
)
def test_the_nearest_name_of_any_kind_is_offered(named: str, near: str, monkeypatch: pytest.MonkeyPatch) -> None:
    entries(monkeypatch, acme="acme:Reporter")
    assert f"did you mean '{named}'" in refusal(finder(mine="mine.py:Mine"), near)


@pytest.mark.parametrize(
    ("spec", "wording"),
    [
        ("gone.py:Mine", "there is no file gone.py"),
        ("mine.py:", "-o mine.py:: 'mine.py:' is neither package.module:Class nor file.py:Class"),
        (":Mine", "is neither"),
        ("mine.py:a-b", "is neither"),
        ("mine.py:Mime", "-o mine.py:Mime: mine.py has no 'Mime'; did you mean 'Mine'"),
        ("mine.py:Xxxxxxxx", "mine.py has no 'Xxxxxxxx'; there are Mine, Other"),
        ("empty.py:Mine", "empty.py has no 'Mine'; it has no reporter"),
        ("mine.py:NUMBER", "-o mine.py:NUMBER: 5 is not a subclass of gradual.reporting.BaseReporter"),
        ("mine.py:Plain", "is not a subclass of gradual.reporting.BaseReporter"),
        ("acme.nowhere:Mine", "-o acme.nowhere:Mine: cannot import acme.nowhere: ModuleNotFoundError"),
        ("json.decoder:Mine", "json.decoder has no 'Mine'; it has no reporter"),
    ],
)
def test_a_reference_that_leads_nowhere_is_reported_with_what_is_there(
    working_folder: Path, spec: str, wording: str
) -> None:
    (working_folder / "mine.py").write_text(TWO + "NUMBER = 5\nclass Plain:\n    pass\n")
    (working_folder / "empty.py").write_text("")
    assert wording in refusal(finder(), spec)


def test_a_wrong_reference_in_the_plan_is_reported_with_its_key(plans: Path) -> None:
    assert refusal(finder(plans, mine="mine"), "mine").startswith("reporters.mine of the plan: 'mine' is neither")
    assert refusal(finder(plans, mine="gone.py:Mine"), "mine") == f"there is no file {plans / 'gone.py'}"


def test_a_file_with_several_reporters_says_how_to_name_one(plans: Path) -> None:
    (plans / "custom.py").write_text(TWO)
    message = refusal(finder(plans), "custom")
    assert (
        message
        == f"{plans / 'custom.py'} has several reporters, Mine, Other: name one as -o {plans / 'custom.py'}:Mine"
    )
    assert type(finder(plans).find(message.rpartition("-o ")[2])).__name__ == "Mine", "and so it is found"


def test_a_file_without_a_reporter_says_so(plans: Path) -> None:
    (plans / "custom.py").write_text("from gradual.reporting import BaseReporter\nx = 1\n")
    assert refusal(finder(plans), "custom") == (
        f"{plans / 'custom.py'} has no subclass of gradual.reporting.BaseReporter"
    )


# ── What others wrote ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_syntax_error_is_reported_with_its_line(plans: Path) -> None:
    (plans / "custom.py").write_text("x = 1\ndef broken(:\n")
    message = refusal(finder(plans), "custom")
    assert message.startswith(f"{plans / 'custom.py'}, line 2: ")
    assert message.endswith(": def broken(:")


@pytest.mark.parametrize(
    ("line", "wording"),
    [
        ("1 / 0", "line 3: ZeroDivisionError: division by zero"),
        ("import acme_nowhere", "line 3: ModuleNotFoundError: No module named 'acme_nowhere'"),
        ("raise SystemExit(2)", "line 3: SystemExit: 2"),
        ("json.loads('x')", "line 3: JSONDecodeError"),
        ("open('/nowhere')", "line 3: FileNotFoundError"),
        ("int('\\0' * 3, 10 ** 3)", "line 3: ValueError"),
    ],
)
def test_what_a_file_raises_is_reported_with_its_line(plans: Path, line: str, wording: str) -> None:
    (plans / "custom.py").write_text(f"import json\n\n{line}\n{ONE}")
    assert wording in refusal(finder(plans), "custom")
    assert str(plans / "custom.py") in refusal(finder(plans), "custom")


@pytest.mark.parametrize("content", ["\0", "# coding: nowhere\n", "x = '\ud800'"])
def test_a_file_that_is_not_python_is_reported(plans: Path, content: str) -> None:
    (plans / "custom.py").write_bytes(content.encode("utf-8", "surrogatepass"))
    assert str(plans / "custom.py") in refusal(finder(plans), "custom")


@pytest.mark.parametrize(
    ("body", "wording"),
    [("1 / 0", "ZeroDivisionError"), ("def broken(:", "SyntaxError"), ("raise SystemExit(2)", "SystemExit")],
)
def test_what_a_module_raises_is_reported(
    plans: Path, monkeypatch: pytest.MonkeyPatch, body: str, wording: str
) -> None:
    (plans / "acme_broken.py").write_text(body)
    monkeypatch.syspath_prepend(plans)
    assert refusal(finder(), "acme_broken:Mine").startswith(
        f"-o acme_broken:Mine: cannot import acme_broken: {wording}"
    )


@pytest.mark.parametrize(
    ("value", "wording"),
    [
        ("acme_nowhere:Mine", "cannot load acme_nowhere:Mine: ModuleNotFoundError"),
        ("gradual_master.reporting.jsonfile:Nothing", "AttributeError"),
        ("gradual_master.reporting.jsonfile:render_json", "is not a subclass"),
    ],
)
def test_an_entry_point_that_is_broken_is_reported(monkeypatch: pytest.MonkeyPatch, value: str, wording: str) -> None:
    entries(monkeypatch, acme=value)
    message = refusal(finder(), "acme")
    assert message.startswith("the entry point 'acme' in gradual.reporters: ")
    assert wording in message


@pytest.mark.parametrize(
    ("init", "arg"),
    [
        ("def __init__(self): self.own = 1", "x"),
        ("def __init__(self, arg=None): super().__init__(arg); self.own = 1", "x"),
        ("def __init__(self, *args, **more): super().__init__(*args, **more); self.own = 1", "x"),
        ("own = 1", "x"),
    ],
)
def test_with_any_init_a_reporter_has_its_argument(plans: Path, init: str, arg: str) -> None:
    (plans / "custom.py").write_text(f"{ONE.replace('pass', init)}")
    reporter = finder(plans).find(f"custom={arg}")
    assert reporter.arg == arg
    assert getattr(reporter, "own") == 1  # noqa: B009 - an attribute that only the file knows
    assert finder(plans).find("custom").arg is None


@pytest.mark.parametrize(
    ("init", "wording"),
    [
        ("def __init__(self, one, two): pass", "TypeError: Mine.__init__() missing 1 required"),
        ("def __init__(self): 1 / 0", "ZeroDivisionError"),
        ("def __init__(self): raise SystemExit(1)", "SystemExit: 1"),
        ("def __init__(self, *, key): pass", "TypeError"),
    ],
)
def test_an_init_that_fails_is_reported_with_the_name(plans: Path, init: str, wording: str) -> None:
    (plans / "custom.py").write_text(ONE.replace("pass", init))
    message = refusal(finder(plans), "custom=x")
    assert message.startswith("-o custom: ")
    assert wording in message


@pytest.mark.parametrize(
    "flaw",
    ["raise RuntimeError('a bad day')", "def broken(:", "class Other: pass", "class Second(Mine): pass"],
    ids=["raises", "is no Python", "lacks the class", "is ambiguous"],
)
def test_a_file_that_cannot_be_used_is_unloaded(flaw: str, plans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (plans / "helper.py").write_text("x = 1\n")
    ours = "import sys; sys.path.insert(0, __file__.rpartition('/')[0]); import helper, this"
    (plans / "custom.py").write_text(f"{ours}\n{ONE}\n{flaw}\n")
    modules, path = set(sys.modules), sys.path[:]
    spec = "custom" if "Second" in flaw else f"{plans}/custom.py:Absent"
    refusal(finder(plans), spec)
    assert set(sys.modules) - modules <= {"this"}, "what others have is left loaded"
    assert sys.path == path
    assert not sys.dont_write_bytecode
    assert sorted(entry.name for entry in plans.iterdir()) == ["custom.py", "helper.py"]


def test_a_file_that_is_used_leaves_no_compiled_file_in_the_plans_folder(
    plans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (plans / "custom.py").write_text(ONE)
    finder(plans).find("custom")
    assert [entry.name for entry in plans.iterdir()] == ["custom.py"]


def test_an_init_may_say_itself_what_is_wrong(plans: Path) -> None:
    (plans / "custom.py").write_text(
        dedent("""
            from gradual.reporting import BaseReporter
            from gradual_master.errors import ReporterError

            class Mine(BaseReporter):
                def __init__(self, arg):
                    raise ReporterError("give it a port")
        """)
    )
    assert refusal(finder(plans), "custom") == "give it a port"


def test_a_class_of_a_file_can_be_found_by_its_module_as_dataclasses_do(plans: Path) -> None:
    (plans / "custom.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        + ONE
        + "@dataclass\nclass Row:\n    name: str\n\nMine.row = Row('x')\n"
    )
    reporter = finder(plans).find("custom")
    assert sys.modules[type(reporter).__module__].Mine is type(reporter)
    assert importlib.util.find_spec("custom") is None, "and nothing else is put in anybody's way"
