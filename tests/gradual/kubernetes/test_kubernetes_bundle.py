"""What a run takes to the cluster: files, secrets, variables, and the master's options."""

from pathlib import Path

import pytest
from trustme import CA

from gradual.errors import ClusterInputError
from gradual.kubernetes.bundle import MAX_BYTES, Bundle, check_size, new_key, shown_path
from gradual.kubernetes.rendering import read_bundle
from gradual_master.command_line.options import RunArguments, load_arguments

PLAN = """
config: {name: Small, base_url: "http://${HOST_OF_TEST}", duration: 10s, tls: {ca: certs/ca.pem}}
secrets: {KEY: {file: key.txt}, OTHER: {env: OTHER_OF_TEST}}
users:
  - {name: a, concurrency: 1, data: {user: data/users.csv}, behavior: [{action: get}]}
actions:
  get: {url: "/{{user.name}}", headers: {X-Key: "{{secrets.KEY}}{{secrets.OTHER}}"}}
"""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOST_OF_TEST", "bank.example")
    monkeypatch.setenv("OTHER_OF_TEST", "other-secret-value")
    (tmp_path / "data").mkdir()
    (tmp_path / "certs").mkdir()
    (tmp_path / "data/users.csv").write_text("name\nann\n")
    (tmp_path / "certs/ca.pem").write_bytes(CA().cert_pem.bytes())
    (tmp_path / "key.txt").write_text("key-secret-value\n")
    (tmp_path / "my.yaml").write_text(PLAN)
    return tmp_path / "my.yaml"


def bundle_of(plan: Path, **more: object) -> Bundle:
    return read_bundle(RunArguments(plan=str(plan), **more))[0]  # type: ignore[arg-type]


def test_the_plan_and_its_data_are_files_and_the_rest_is_secret(plan: Path) -> None:
    bundle = bundle_of(plan)
    assert bundle.files == {"plan.yaml": plan.read_bytes(), "users.csv": b"name\nann\n"}
    assert list(bundle.secret_files) == ["tls-ca.pem"]


def test_included_files_lie_where_the_plan_looks_for_them(plan: Path) -> None:
    for folder in ("shared", "shared/more"):
        (plan.parent / folder).mkdir()
    (plan.parent / "shared/data.yaml").write_text("include: [more/data.yaml]\ndata: {city: cities.csv}\n")
    (plan.parent / "shared/more/data.yaml").write_text("data: {town: cities.csv}\n")
    (plan.parent / "shared/cities.csv").write_text("name\nBern\n")
    (plan.parent / "shared/more/cities.csv").write_text("name\nOslo\n")
    plan.write_text(PLAN + "include: [shared/data.yaml]\nprofiles: {staging: {config: {seed: 5}}}\n")
    bundle = bundle_of(plan, profile="staging")
    assert bundle.paths == {"data.yaml": "shared/data.yaml", "2-data.yaml": "shared/more/data.yaml"}
    assert bundle.files["cities.csv"] + bundle.files["2-cities.csv"] == b"name\nOslo\nname\nBern\n"
    assert {"--set=data.town=cities.csv", "--set=data.city=2-cities.csv", "--profile=staging"} <= {*bundle.arguments}


def test_a_data_set_of_many_files_is_the_same_one_there(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, row in (("users-b.csv", "bob"), ("users-a.csv", "ann"), ("other.csv", "eve")):
        (plan.parent / "data" / name).write_text(f"name\n{row}\n")
    plan.write_text(PLAN.replace("data/users.csv", "'data/users-*.csv'").replace("concurrency: 1", "concurrency: 2"))
    bundle = bundle_of(plan)
    sets = [key for key in bundle.files if key != "plan.yaml"]
    assert [key.partition("-")[2] for key in sets] == ["000000-users-a.csv", "000001-users-b.csv"]
    (there := tmp_path / "there").mkdir()
    for key, content in bundle.files.items():
        (there / key).write_bytes(content)
    (change,) = [word.removeprefix("--set=") for word in bundle.arguments if word.startswith("--set=users")]
    text = (there / "plan.yaml").read_text().replace("certs/ca.pem", str(plan.parent / "certs/ca.pem"))
    (there / "plan.yaml").write_text(text.replace("key.txt", str(plan.parent / "key.txt")))
    monkeypatch.chdir(there)  # As the master's container: places of `--set` are those of the working folder.
    table = load_arguments(RunArguments(plan="plan.yaml", set_=[change])).data[0, "user"]
    assert [table.row(number) for number in range(2)] == [{"name": "ann"}, {"name": "bob"}]


def test_files_that_are_uploaded_keep_their_names(plan: Path) -> None:
    for folder in ("a", "b"):
        (plan.parent / folder).mkdir()
        (plan.parent / folder / "form.pdf").write_text(folder)
    (plan.parent / "$(A): é.pdf").write_text("odd")
    parts = "{one: {file: a/form.pdf}, two: [{file: b/form.pdf}, {file: '$(A): é.pdf'}], three: {file: b/form.pdf}}"
    send = f"send: {{method: POST, url: /, multipart: {parts}}}"
    plan.write_text(f"{PLAN}  {send}\n  put: {{method: PUT, url: /, body_file: b/form.pdf}}\n")
    bundle = bundle_of(plan)
    assert bundle.paths == {"2-form.pdf": "upload-2-form.pdf/form.pdf", "-A-.pdf": "upload--A-.pdf/$(A): é.pdf"}
    assert [bundle.files[key] for key in ("form.pdf", "2-form.pdf", "-A-.pdf")] == [b"a", b"b", b"odd"]
    assert {
        "--set=actions.send.multipart.one.file=form.pdf",
        "--set=actions.send.multipart.two[0].file=upload-2-form.pdf/form.pdf",
        '--set=actions.send.multipart.two[1].file="upload--A-.pdf/$$(A): é.pdf"',
        "--set=actions.put.body_file=upload-2-form.pdf/form.pdf",
    } <= {*bundle.arguments}


def test_a_plan_that_includes_a_file_from_elsewhere_is_refused(plan: Path) -> None:
    inner = plan.parent / "inner"
    inner.mkdir()
    (plan.parent / "common.yaml").write_text("actions: {other: {url: /}}\n")
    (inner / "my.yaml").write_text(
        "config: {base_url: 'http://h', duration: 1s}\nusers: [{name: a, concurrency: 1, behavior: [other]}]\n"
        "include: [../common.yaml]\n"
    )
    with pytest.raises(ClusterInputError, match="outside of the plan's folder"):
        bundle_of(inner / "my.yaml")


def test_the_masters_command_says_where_files_are_and_holds_no_secret(plan: Path) -> None:
    bundle = bundle_of(plan, set_=["config.seed=7"])
    words = bundle.arguments
    assert "--set=users[0].data.user=users.csv" in words
    assert "--set=config.tls.ca=/fleet/tls-ca.pem" in words
    names = {value: name for name, value in bundle.variables.items()}
    assert f"--set=secrets.KEY={{env: {names['key-secret-value']}}}" in words
    assert f"--set=$({names['config.seed=7']})" in words
    assert bundle.variables["HOST_OF_TEST"] == "bank.example"
    assert bundle.variables["OTHER_OF_TEST"] == "other-secret-value"
    assert "secret-value" not in " ".join(words)


def test_options_without_secrets_are_passed_on_as_they_are(plan: Path) -> None:
    more = {
        "users": 1,
        "duration": "5s",
        "tag": ["a=$(B)"],
        "allow_saturated": True,
        "fail_on": "inconclusive",
        "base_url": "http://u:p@b",
    }
    bundle = bundle_of(plan, **more)
    words = bundle.arguments
    assert {"--users=1", "--duration=5s", "--tag=a=$$(B)", "--allow-saturated", "--fail-on=inconclusive"} <= set(words)
    assert "http://u:p@b" in bundle.variables.values()
    assert "u:p" not in " ".join(words)


def test_a_variable_that_the_container_needs_is_refused(plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan.write_text(plan.read_text().replace("HOST_OF_TEST", "GRADUAL_OF_TEST"))
    monkeypatch.setenv("GRADUAL_OF_TEST", "bank.example")
    with pytest.raises(ClusterInputError, match="reads the variable GRADUAL_OF_TEST"):
        bundle_of(plan)


def test_too_much_data_is_refused_with_the_largest_files() -> None:
    check_size({"a": bytes(MAX_BYTES - 1)}, "plan and data", "the ConfigMap")
    with pytest.raises(ClusterInputError, match=r"1,048,577 bytes.*1,048,576; the largest: a 1,048,576 bytes"):
        check_size({"a": bytes(MAX_BYTES)}, "plan and data", "the ConfigMap")


def test_a_file_gets_a_key_of_its_own() -> None:
    assert new_key("users.csv", set()) == "users.csv"
    assert new_key("users.csv", {"users.csv"}) == "2-users.csv"
    assert new_key("mes données.csv", set()) == "mes-donn-es.csv"


def test_a_place_is_written_as_set_reads_it() -> None:
    assert shown_path(("users", 0, "data", "my.set")) == 'users[0].data."my.set"'
