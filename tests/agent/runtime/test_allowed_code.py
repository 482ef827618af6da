"""`--allow-code`: how entries are read, and which code is found by them."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gradual_agent.errors import JobError
from gradual_agent.runtime import allowed_code
from gradual_agent.runtime.allowed_code import INSTALLED_ONLY, AllowedCode, AllowedPath

ACTION = "async def act(user): ...\ndef plain(user): ...\n"


@pytest.fixture(autouse=True)
def imports() -> Iterator[None]:
    """What a test imports is forgotten after it."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "one.py").write_text("import one_helper\n" + ACTION)
    (tmp_path / "one_helper.py").write_text("count = 0\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "ends.py").write_text("raise SystemExit(3)\n")
    (tmp_path / "json.py").write_text(ACTION)
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text(ACTION)
    return tmp_path


def allowing(*entries: object) -> AllowedCode:
    return AllowedCode(AllowedPath.parse(str(entry)) for entry in entries)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no/such", "there is no such folder or module"),
        ("./none.py", "there is no such folder or module"),
        ("none.py", "there is no such folder or module"),
        ("a-b", "it is neither a path nor a module"),
        ("", "it is neither a path nor a module"),
        ("a..b", "it is neither a path nor a module"),
    ],
)
def test_what_is_not_there_is_refused_with_what_may_be_written(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"{reason}; write a folder \(\./actions\), a file"):
        AllowedPath.parse(text)


@pytest.mark.parametrize("name", ["one:act", "package.inner:act"])
def test_a_folder_allows_its_modules_which_may_import_each_other(folder: Path, name: str) -> None:
    found = allowing(folder).find(name)
    assert (found.__module__, found.__name__) == tuple(name.split(":"))


def test_a_module_is_imported_once_in_a_process(folder: Path) -> None:
    code = allowing(folder)
    assert code.find("one:act") is code.find("one:act")


def test_a_file_allows_itself_only(folder: Path) -> None:
    code = allowing(folder / "one.py")
    assert code.find("one:act")
    with pytest.raises(JobError, match="the plan runs the code broken:act"):
        code.find("broken:act")


def test_a_module_allows_itself_and_what_is_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    assert allowing("package").find("package.inner:act")
    for other in ("one:act", "packages:act"):
        with pytest.raises(
            JobError, match=r"only that in package is allowed, where there is no (one|packages); its operator"
        ):
            allowing("package").find(other)


def test_without_the_option_a_plan_alone_runs_no_code_and_the_option_is_named(folder: Path) -> None:
    with pytest.raises(JobError) as refused:
        INSTALLED_ONLY.find("one:act")
    assert str(refused.value) == (
        "the plan runs the code one:act, but on this agent no code is allowed; its operator may allow it with"
        " --allow-code one for an installed module, or --allow-code FOLDER/ for the folder of one.py"
    )
    assert "one" not in sys.modules


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken:act", "broken:act cannot be imported: ZeroDivisionError: division by zero"),
        ("ends:act", "ends:act cannot be imported: SystemExit: 3"),
        ("one:other", "module 'one' has no attribute 'other'"),
        ("one:plain", r"one:plain is no coroutine function; write async def plain\(user\)"),
        ("json:act", "another module is called json; rename"),
    ],
)
def test_code_that_cannot_be_used_is_refused_with_the_reason(folder: Path, name: str, reason: str) -> None:
    with pytest.raises(JobError, match=reason):
        allowing(folder).find(name)


def test_installed_actions_need_no_option(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(folder)
    points = [EntryPoint(name, f"{module}:act", "gradual.actions") for name, module in (("a", "one"), ("b", "broken"))]
    monkeypatch.setattr(allowed_code, "entry_points", lambda group: points)
    assert INSTALLED_ONLY.find("a").__name__ == "act"
    with pytest.raises(JobError, match="python: b cannot be imported: ZeroDivisionError"):
        INSTALLED_ONLY.find("b")
    with pytest.raises(JobError, match="the Python action c, which is not installed on this agent"):
        INSTALLED_ONLY.find("c")


def test_entries_are_compared_by_what_they_allow(folder: Path) -> None:
    assert allowing(folder) == allowing(folder)
    assert hash(allowing(folder)) == hash(allowing(folder))
    assert allowing(folder) != INSTALLED_ONLY
