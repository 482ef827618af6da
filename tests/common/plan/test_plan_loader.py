"""A plan is loaded whole, or every mistake in it is reported at once."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from plan_samples import ANNOUNCED, load, mistakes, only_mistake, small

from gradual_common.errors import PlanError
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.model.plan import Plan
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.schedule.ramps.additive import AdditiveAlone, AdditiveRamp

ROOT = Path(__file__).parents[3]


def test_the_announced_plan_names_all_seven_gaps_at_once() -> None:
    found = mistakes(ANNOUNCED)
    assert len(found) == 7
    assert "base_url is missing" in found[0]
    assert found[0].startswith("p.yaml:1: config:")
    assert "the data set 'user' is missing" in found[1]
    assert "data: {user: users.csv}     # columns username, password" in found[1]
    for action, problem in zip(
        ["browse_dashboard", "view_reports", "logout", "view_public_data", "register"], found[2:], strict=True
    ):
        assert f"there is no action {action!r}" in problem
    assert found[2].startswith("p.yaml:12: users.authenticated_user.behavior[1].action:")


@pytest.mark.parametrize("name", ["bank", "demo", "login_flow"])
def test_the_examples_load_without_a_mistake(name: str) -> None:
    loaded = load_plan(PlanSource.of_path(ROOT / "examples" / f"{name}.yaml"))
    assert loaded.folder == ROOT / "examples"
    assert loaded.data[0, "user"].count == loaded.plan.users[0].concurrency


def test_the_announced_plan_made_whole_has_the_shorthand_ramp() -> None:
    loaded = load_plan(PlanSource.of_path(ROOT / "examples" / "login_flow.yaml"), Overrides(duration="30s"))
    assert loaded.plan.config.ramp == AdditiveAlone(strategy="additive")
    assert loaded.plan.config.duration == 30_000_000_000


def test_mistakes_of_shape_and_of_meaning_are_reported_together_in_the_order_of_the_file() -> None:
    text = """\
config: {duration: 5 minutes, base_url: "http://x"}
users:
  - {name: a, concurrency: many, behavior: [{action: logn, thinktime: 3s}]}
actions:
  login: {url: "/x", headers: {Authorization: "{{secrets.KEY}}"}, assertions: [{response_time: "< 500"}]}
thresholds: ["p95 < 500"]
nonsense: 1
"""
    found = mistakes(text)
    places = [problem.split(": ")[0:2] for problem in found]
    assert [int(place[0].removeprefix("p.yaml:")) for place in places] == sorted(
        int(place[0].removeprefix("p.yaml:")) for place in places
    )
    messages = "\n".join(found)
    for text in (
        "p.yaml:1: config.duration: '5 minutes' is not a duration",
        "p.yaml:3: users.a.concurrency: 'many' is not a whole number",
        "p.yaml:3: users.a.behavior[0].thinktime: unknown key 'thinktime' (did you mean 'think_time'?)",
        "p.yaml:3: users.a.behavior[0].action: there is no action 'logn' (did you mean 'login'?",
        "p.yaml:5: actions.login.assertions[0].response_time: '500' is not a duration",
        "p.yaml:6: thresholds[0]:",
        "p.yaml:7: nonsense: unknown key 'nonsense'",
    ):
        assert text in messages


def test_a_plan_that_is_not_yaml_is_the_only_mistake() -> None:
    assert only_mistake("config: [1").startswith("p.yaml:1: this is not YAML")


def test_a_plan_file_that_cannot_be_read_is_reported_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"missing\.yaml: cannot read the plan: No such file"):
        PlanSource.of_path(tmp_path / "missing.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"config: {name: \xe9}")
    with pytest.raises(PlanError, match="not UTF-8 text"):
        PlanSource.of_path(tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"config:\n  name: \xe9\n", "p:2: the plan is not UTF-8 text (save it as UTF-8)"),
        ("config: {}\n".encode("utf-16"), "p:1: the plan is not UTF-8 text (it is UTF-16: save it as UTF-8)"),
        (b" " * (8 * 1024 * 1024 + 1), "p: the file has more than 8 MiB, the limit for such a file"),
    ],
)
def test_what_is_not_the_text_of_a_plan_is_reported_without_its_content(content: bytes, message: str) -> None:
    with pytest.raises(PlanError) as caught:
        PlanSource.of_bytes(content, "p")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (".inf", ".inf is not a number that a plan can hold"),
        ("!!binary x", "the tag !!binary is not allowed"),
    ],
)
@pytest.mark.parametrize("key", ["concurrency", "pacing", "behavior"])
def test_a_value_that_cannot_be_read_is_one_mistake_and_not_a_wrong_value_too(
    key: str, value: str, message: str
) -> None:
    values = {"name": "a", "concurrency": 1, "behavior": ["look"], key: None}
    group = ", ".join(f"{name}: {value if name == key else json.dumps(entry)}" for name, entry in values.items())
    text = f"config: {{base_url: http://h, duration: 1s}}\nusers: [{{{group}}}]\nactions: {{look: {{url: /}}}}\n"
    assert message in only_mistake(text)


def test_steps_that_are_nested_too_deeply_are_one_mistake() -> None:
    step = "look"
    for _ in range(31):
        step = f"{{repeat: 1, steps: [{step}]}}"
    text = f"config: {{base_url: http://h, duration: 1s}}\nusers: [{{name: a, concurrency: 1, behavior: [{step}]}}]\n"
    assert "this is nested too deeply (mappings and lists count, at most 60 inside each other" in only_mistake(
        f"{text}actions: {{look: {{url: /}}}}\n"
    )


def test_a_mapping_is_a_plan_too() -> None:
    loaded = load(small())
    assert [group.name for group in loaded.plan.users] == ["a", "b"]
    assert loaded.name == "p.yaml"


def test_a_mapping_with_values_that_json_cannot_carry_is_refused() -> None:
    assert "plain values only" in only_mistake(small(config__name={1, 2}))


def test_the_seed_is_the_plans_or_drawn_anew() -> None:
    assert load(small(config__seed=42)).job.seed == 42
    assert load(small()).job.seed != load(small()).job.seed


def test_the_digest_follows_the_plan_as_it_runs() -> None:
    first, again, other = load(small()), load(small()), load(small(), Overrides(duration="2m"))
    assert first.sha256 == again.sha256 != other.sha256
    text = json.dumps(first.job.document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert first.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_of_the_load_does_not_see_the_systems_address() -> None:
    here, there = load(small()), load(small(), Overrides(base_url="http://other.test"))
    assert here.sha256 != there.sha256
    assert here.load_sha256 == there.load_sha256 != load(small(), Overrides(duration="2m")).load_sha256
    service = {"accounts": {"base_url": "http://accounts.test"}}
    of_service = [load(small(services=service)), load(small(services={"accounts": {"base_url": "http://b.test"}}))]
    assert of_service[0].load_sha256 == of_service[1].load_sha256 != here.load_sha256


@pytest.mark.parametrize("per", ["user", "iteration"])
def test_other_rows_or_uploads_are_another_load(tmp_path: Path, per: str) -> None:
    """The plan names its files alike, but a table of expensive queries is not one of cheap ones."""
    rows = {"q": {"file": "q.csv", "per": per, **({} if per == "iteration" else {"pick": "sequential"})}}
    plan = small(data=rows, actions__look={"url": "/{{q.path}}", "method": "POST", "body_file": "body.bin"})
    found = []
    for path, body in (("cheap", b"1"), ("cheap", b"1"), ("expensive", b"1"), ("cheap", b"2")):
        (tmp_path / "q.csv").write_text(f"path\n{path}\n")
        (tmp_path / "body.bin").write_bytes(body)
        found.append(load(plan, folder=tmp_path))
    assert len({one.sha256 for one in found}) == 1
    first, same, *others = [one.load_sha256 for one in found]
    assert first == same
    assert len({first, *others}) == 3


def test_tls_files_are_read_once_into_the_job(tmp_path: Path) -> None:
    authority = trustme.CA().cert_pem.bytes()
    (tmp_path / "ca.pem").write_bytes(authority)
    loaded = load(small(config__tls={"ca": "ca.pem"}, actions__look__tls={"ca": "ca.pem"}), folder=tmp_path)
    assert loaded.job.assets == {"ca.pem": authority}


def test_a_missing_tls_file_is_a_mistake(tmp_path: Path) -> None:
    assert "config.tls.ca: cannot read" in only_mistake(small(config__tls={"ca": "no.pem"}), folder=tmp_path)


def test_secrets_are_read_and_stay_out_of_the_document(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    plan = small(secrets={"KEY": {"env": "KEY"}, "TOKEN": {"file": "token"}}, actions__look__url="/{{secrets.KEY}}")
    loaded = load(plan, environ={"KEY": "s3cret"}, folder=tmp_path)
    assert loaded.job.secrets == {"KEY": "s3cret", "TOKEN": "from-file"}
    assert "s3cret" not in json.dumps(loaded.job.document)


def test_only_warm_up_phases_are_warned_of() -> None:
    phases = [{"name": "w", "duration": "1m", "warm_up": True}]
    assert "nothing is measured" in str(load(small(config__duration=None, config__phases=phases)).warnings[0])
    assert load(small()).warnings == ()


def test_what_only_the_compiled_schedule_shows_is_reported_as_a_mistake() -> None:
    phases = [
        {"name": "up", "duration": "1m", "ramp_up": {"strategy": "additive", "increment": 1, "interval": "1ns"}},
    ]
    plan = small(config__duration=None, config__phases=phases, users__0__concurrency=3_000_000)
    assert "intervals" in only_mistake(plan)


THINK_TIMES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.integers(0, 100),
    st.sampled_from(["3s", "2-5s", "500ms-2s", "1m30s"]),
    st.fixed_dictionaries({"distribution": st.just("normal"), "mean": st.just("2s"), "stddev": st.just("1s")}),
)
RAMPS: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"ramp_up": "additive"},
        {"ramp": "multiplicative"},
        {"ramp_up": "linear"},
        {"ramp_config": {"strategy": "additive", "increment": 1, "interval": 5}},
        {"ramp_up": "multiplicative", "ramp_config": {"multiplier": 1.5, "interval": "5s"}},
        {"ramp_up": "{'strategy': 'levels', 'levels': [{'concurrency': 2, 'for': '10s'}, {'concurrency': 5}]}"},
    ]
)
ASSERTIONS: st.SearchStrategy[Any] = st.lists(
    st.sampled_from(
        [
            {"status_code": [200, "3xx"]},
            {"response_time": "<= 1.5s"},
            {"header": {"X-A": "1"}},
            {"header": {"name": "X-B", "in": [1, "b"]}},
            {"json": "a.b == '{{vu.slot}}'"},
            {"json": {"path": "a[?b > `1`]", "exists": True}},
            {"body_size": "< 10KB", "body_matches": "a+"},
        ]
    ),
    max_size=4,
)


@given(THINK_TIMES, RAMPS, ASSERTIONS, st.integers(0, 1000), st.integers(1, 30))
def test_the_document_in_the_job_validates_to_the_same_plan_at_the_agent(
    think_time: Any, ramp: dict[str, Any], assertions: list[Any], seed: int, users: int
) -> None:
    plan = small(
        config__think_time=think_time,
        config__seed=seed,
        actions__look__assertions=assertions,
        actions__post__extract={"id": "json: a", "n": {"from": "header: X", "default": None}},
    )
    plan["config"].update(ramp)
    plan["users"][0]["behavior"] *= 3
    plan["thresholds"] = ["p95 < 1s", {"rule": "error_rate < 1%", "severity": "warn"}]
    loaded = load(plan, Overrides(users=max(users, 5)))
    assert Plan.model_validate(json.loads(json.dumps(loaded.job.document))) == loaded.plan


def test_the_golden_ramp_is_the_same_however_it_is_written() -> None:
    written = [
        "ramp_up: {strategy: additive, initial: 10, increment: 10, interval: 30s, max_concurrency: 10}",
        "ramp_up: additive\n  ramp_config: {initial: 10, increment: 10, interval: 30s, max_concurrency: 10}",
        "ramp_config: {'strategy': 'additive', 'initial': 10, 'increment': 10, 'interval': 30, 'max_concurrency': 10}",
        'ramp_config: {\n    "strategy": "additive",\n    "initial": 10,  # users\n    "increment": 10,\n'
        '    "interval": "30s",\n    "max_concurrency": 10,\n  }',
        "ramp: \"{'strategy': 'additive', 'initial': 10, 'increment': 10, 'interval': '30s', 'max_concurrency': 10}\"",
    ]
    expected = AdditiveRamp(strategy="additive", initial=10, increment=10, interval="30s", max_concurrency=10)
    for ramp in written:
        text = f"config:\n  base_url: http://x\n  duration: 5m\n  {ramp}\nusers:\n- {{name: a, concurrency: 10, "
        assert load(text + "behavior: [get]}\nactions: {get: {url: /}}").plan.config.ramp == expected


def test_a_loaded_plan_names_its_files_and_the_variables_that_it_reads(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("name\nann\n")
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "config: {duration: 1s, base_url: 'http://${TARGET}'}\n"
        "users: [{name: a, concurrency: 1, data: {u: rows.csv}, behavior: [{action: g}]}]\n"
        "actions: {g: {url: '/{{u.name}}?a=${ABSENT:-1}'}}\n"
    )
    loaded = load_plan(PlanSource.of_path(plan), environ={"TARGET": "bank.example", "OTHER": "unread"})
    assert loaded.files == {("users", 0, "data", "u", "file"): tmp_path / "rows.csv"}
    assert loaded.variables == {"TARGET": "bank.example"}
