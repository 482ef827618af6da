"""Where the store is: the option, then the environment, then the user's data folder."""

from pathlib import Path

import pytest

from gradual_master.errors import StoreInputError
from gradual_master.store.location import StoreLocation, locate_store


@pytest.mark.parametrize(
    ("option", "environ", "by_default", "found"),
    [
        pytest.param(None, {}, True, "own", id="`gradual run` keeps its runs in the user's store"),
        pytest.param(None, {}, False, None, id="a master of a fleet keeps none"),
        pytest.param(None, {"GRADUAL_STORE": ""}, False, None, id="an empty variable says nothing"),
        pytest.param("none", {"GRADUAL_STORE": "a"}, True, None, id="the option goes before the environment"),
        pytest.param(None, {"GRADUAL_STORE": "none"}, True, None, id="the environment goes before the default"),
        pytest.param(None, {"GRADUAL_STORE": "a"}, False, "a", id="the environment holds for every command"),
        pytest.param("b.sqlite", {"GRADUAL_STORE": "a"}, False, "b.sqlite", id="a relative path"),
        pytest.param("sqlite:///b.sqlite", {}, False, "b.sqlite", id="a URL with a relative path"),
    ],
)
def test_the_option_goes_before_the_environment_and_that_before_the_default(
    option: str | None, environ: dict[str, str], by_default: bool, found: str | None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    location = locate_store(option, environ, by_default=by_default)
    if found is None:
        assert location is None
    else:
        own = tmp_path / "data/gradual/runs.sqlite"
        assert location is not None
        assert location.path == (own if found == "own" else tmp_path / found)
        assert location.is_asked_for == (found != "own")


def test_an_absolute_url_has_four_slashes(tmp_path: Path) -> None:
    location = locate_store(f"sqlite:///{tmp_path}/runs", {}, by_default=False)
    assert location == StoreLocation(tmp_path / "runs")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("postgresql://me:pw@db/runs", "--store 'postgresql://***@db/runs' is no SQLite file; allowed: the path"),
        ("sqlite://", "is no SQLite file; allowed"),
        ("sqlite:///", "--store is empty; allowed: the path of a SQLite file, sqlite:///PATH, or none"),
        ("", "--store is empty"),
        ("absent/runs.sqlite", "there is no folder"),
        (".", "is a folder; name a file in it"),
    ],
)
def test_what_cannot_be_a_store_is_refused_before_the_run(
    option: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreInputError) as caught:
        locate_store(option, {}, by_default=True)
    assert reason in str(caught.value)


def test_a_refusal_names_the_variable_if_that_was_it() -> None:
    with pytest.raises(StoreInputError, match="GRADUAL_STORE 'mysql://db' is no SQLite file"):
        locate_store(None, {"GRADUAL_STORE": "mysql://db"}, by_default=True)
