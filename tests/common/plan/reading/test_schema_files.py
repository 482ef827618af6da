"""The schema of a file is put into the plan; what is wrong with it is reported at its line."""

import json
from pathlib import Path

import pytest
from plan_samples import load, only_mistake

PLAN = """config: {base_url: "http://x.example", duration: 1s}
users: [{name: a, concurrency: 1, behavior: [look]}]
actions:
  look:
    url: /
    assertions:
      - json_schema: order.json
"""


def test_agents_get_the_schema_and_messages_the_path(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"const": "{{x}}"}')
    loaded = load(PLAN, folder=tmp_path)
    (assertion,) = loaded.plan.actions["look"].assertions
    assert assertion.text == "json_schema: order.json"
    assert json.loads(assertion.expected)["const"] == "{{x}}"
    assert loaded.job.document["actions"]["look"]["assertions"][0]["json_schema"]["const"] == "{{x}}"
    assert list(loaded.files.values()) == [tmp_path / "order.json"]


def test_a_mapping_of_assertions_may_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text("{}")
    written = PLAN.replace("\n      - json_schema: order.json", " {status_code: 200, json_schema: order.json}")
    assert [entry.check for entry in load(written, folder=tmp_path).plan.actions["look"].assertions] == [
        "status_code",
        "json_schema",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read "),
        ("{", "is not a JSON Schema: Expecting property name"),
        ("[]", "is not a JSON Schema: a mapping is expected; found a list"),
        ('{"type": "intger"}', 'not a JSON Schema: "intger" is not valid'),
        ('{"$ref": "https://x.example/s.json"}', "a $ref leads into the schema itself"),
        ('{"$ref": "#/$defs/nothing"}', "not a JSON Schema: Pointer '/$defs/nothing' does not exist"),
        (" " * 1024 * 1024 + "{}", "the file has more than 1 MiB, the limit for such a file"),
    ],
)
def test_a_schema_that_cannot_be_used_is_reported_once_at_its_line(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "order.json").write_text(content)
    mistake = only_mistake(PLAN, folder=tmp_path)
    assert mistake.startswith("p.yaml:7: actions.look.assertions[0].json_schema: ")
    assert message in mistake
