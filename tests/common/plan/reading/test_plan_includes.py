"""`include`: what other files bring into a plan, where their relative paths start, and every mistake with its file."""

from pathlib import Path

import pytest
import trustme

from gradual_common.errors import PlanError
from gradual_common.plan.loader import LoadedPlan, PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides

PLAN = """\
config: {base_url: "http://bank.example", duration: 1m}
users: [{name: a, concurrency: 1, behavior: [login, own]}]
include: [actions/common.yaml]
actions:
  own: {url: /own}
"""
COMMON = """\
actions:
  login: {service: auth, url: "/login/{{user.name}}"}
services: {auth: {base_url: "http://auth.example"}}
data: {user: users.csv}
x-note: "ignored"
"""


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    write(tmp_path, "plan.yaml", PLAN)
    write(tmp_path, "actions/common.yaml", COMMON)
    write(tmp_path, "actions/users.csv", "name\nann\n")
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(text)


def load(folder: Path, *sets: tuple[str, str]) -> LoadedPlan:
    return load_plan(PlanSource.of_path(folder / "plan.yaml"), Overrides(sets=sets), {"NAME": "users"})


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(PlanError) as caught:
        load(folder)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


def test_actions_services_and_data_are_merged(folder: Path) -> None:
    loaded = load(folder)
    assert list(loaded.plan.actions) == ["own", "login"]
    assert loaded.plan.services["auth"].base_url == "http://auth.example"
    assert loaded.data[0, "user"].row(0) == {"name": "ann"}
    assert loaded.includes == (folder / "actions/common.yaml",)
    assert "include" not in loaded.job.document


def test_what_was_included_can_be_set(folder: Path) -> None:
    assert load(folder, ("actions.login.url", "/other")).plan.actions["login"].address == "/other"


def test_an_included_file_includes_others_relative_to_itself_and_each_is_read_once(folder: Path) -> None:
    write(folder, "actions/common.yaml", COMMON + "include: [more/one.yaml, more/two.yaml]\n")
    write(folder, "actions/more/one.yaml", "include: [two.yaml]\nactions: {one: {url: /1}}\n")
    write(folder, "actions/more/two.yaml", "actions: {two: {url: /2}}\n")
    assert list(load(folder).plan.actions) == ["own", "two", "one", "login"]


def test_a_name_that_is_there_twice_is_reported_with_both_places(folder: Path) -> None:
    write(folder, "actions/common.yaml", COMMON.replace("  login:", "  own: {url: /}\n  login:"))
    assert mistakes(folder) == [
        "actions/common.yaml:2: actions.own: 'own' is in actions twice; the other one is in plan.yaml, line 5"
    ]


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ("[no.yaml]", "plan.yaml:3: include[0]: no.yaml: cannot read the plan: No such file or directory"),
        ("[plan.yaml]", "plan.yaml:3: include[0]: plan.yaml includes itself: plan.yaml → plan.yaml"),
        ("no.yaml", "plan.yaml:3: include: a list of files is expected; found 'no.yaml'"),
        ("[7]", "plan.yaml:3: include[0]: the name of a file is expected; found 7"),
        ('["${NAME}.yaml"]', "include[0]: the name of a file is expected; found '${NAME}.yaml' (variables are not"),
    ],
)
def test_what_cannot_be_included_is_reported_with_its_line(folder: Path, include: str, message: str) -> None:
    write(folder, "plan.yaml", PLAN.replace("[actions/common.yaml]", include).replace("login, own", "own"))
    (found,) = mistakes(folder)
    assert message in found


def test_a_circle_is_reported_where_it_closes(folder: Path) -> None:
    write(folder, "actions/common.yaml", COMMON + "include: [../b.yaml]\n")
    write(folder, "b.yaml", "include: [actions/common.yaml]\n")
    assert mistakes(folder) == [
        "b.yaml:1: include[0]: actions/common.yaml includes itself: common.yaml → b.yaml → common.yaml"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: {duration: 1m}\n", "common.yaml:1: config: an included file has no 'config' (allowed: actions, "),
        ("action: {}\n", "common.yaml:1: action: an included file has no 'action' (did you mean 'actions'?)"),
        ("actions: [a]\n", "common.yaml:1: actions: a mapping is expected; found a list"),
        ("\nactions: {login: {urll: /}}\n", "common.yaml:2: actions.login.urll: unknown key 'urll'"),
        ("actions:\n  a: {url: /, timeout: 5}\n", "common.yaml:2: actions.a.timeout: 5 is not a duration"),
        ("actions: {a: {url: /}\n", "actions/common.yaml:"),
        ("- a\n", "common.yaml:1: this is not a plan: a plan is a mapping"),
        ("data: {user: no.csv}\n", "actions/common.yaml:1: data.user: cannot read "),
    ],
)
def test_a_mistake_in_an_included_file_has_its_file_and_line(folder: Path, text: str, message: str) -> None:
    write(folder, "actions/common.yaml", text)
    assert any(message in found for found in mistakes(folder))


def test_files_of_one_name_in_two_folders_stay_two(folder: Path) -> None:
    """Agents know TLS files by their names in the plan."""
    ours, theirs = trustme.CA().cert_pem.bytes(), trustme.CA().cert_pem.bytes()
    write(folder, "plan.yaml", PLAN.replace("duration: 1m", "duration: 1m, tls: {ca: ca.pem}"))
    write(folder, "actions/common.yaml", COMMON.replace("{base_url:", "{tls: {ca: ca.pem}, base_url:"))
    (folder / "ca.pem").write_bytes(ours)
    (folder / "actions/ca.pem").write_bytes(theirs)
    loaded = load(folder)
    assert loaded.job.assets == {"ca.pem": ours, "actions/ca.pem": theirs}
    assert loaded.job.document["services"]["auth"]["tls"]["ca"] == "actions/ca.pem"
    assert loaded.job.document["config"]["tls"]["ca"] == "ca.pem"


def test_a_variable_in_the_name_of_a_data_file_is_put_in_before(folder: Path) -> None:
    write(folder, "actions/common.yaml", COMMON.replace("user: users.csv", "user: {file: '${NAME}.csv'}"))
    assert load(folder).data[0, "user"].row(0) == {"name": "ann"}


def test_an_option_names_files_from_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    write(folder, "others.csv", "name\nbob\n")
    overrides = Overrides(data={"user": "others.csv"})
    loaded = load_plan(PlanSource.of_path(Path("plan.yaml")), overrides)
    assert loaded.data[0, "user"].row(0) == {"name": "bob"}


def test_includes_cannot_be_set(folder: Path) -> None:
    with pytest.raises(PlanError) as caught:
        load(folder, ("include", "[x.yaml]"), ("profiles.a.config.seed", "1"))
    assert [problem.message for problem in caught.value.problems] == [
        "include cannot be changed by an option",
        "profiles cannot be changed by an option",
    ]
