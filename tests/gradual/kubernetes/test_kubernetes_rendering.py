"""`gradual kubernetes render`: one YAML text, checked before it is printed; secrets only when asked for."""

import base64
import io
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from typer.testing import CliRunner

from gradual.cli.app import app
from gradual.errors import ClusterInputError
from gradual.kubernetes.fleet_secret import master_names
from gradual_common.errors import PlanError

BANK = str(Path(__file__).parents[3] / "examples/bank.yaml")


def rendered(*words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["kubernetes", "render", *words, "--agents", "3"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return list(yaml.safe_load_all(result.stdout))


def test_an_example_is_rendered_with_its_data() -> None:
    objects = rendered(BANK)
    assert objects[0]["metadata"]["name"] == "user-login-flow-plan"
    assert set(objects[0]["data"]) == {"plan.yaml", "users.csv"}
    assert set(objects[1]["stringData"].values()) == {"replace-me"}


def test_with_secrets_the_masters_certificate_is_for_its_service() -> None:
    objects = rendered(BANK, "--with-secrets", "--name", "trial", "--namespace", "load")
    cert = x509.load_pem_x509_certificate(base64.b64decode(objects[1]["data"]["master.pem"]))
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(master_names("trial", "load")) <= set(names.get_values_for_type(x509.DNSName))
    assert len(base64.b64decode(objects[1]["data"]["token"])) == 43
    assert "ca-key.pem" not in objects[1]["data"]


def test_two_renderings_share_no_secret() -> None:
    first, second = rendered(BANK, "--with-secrets")[1], rendered(BANK, "--with-secrets")[1]
    assert first["data"]["token"] != second["data"]["token"]


def test_a_url_is_a_plan_too() -> None:
    (plan, *_) = rendered("http://bank.example/rates", "--name", "rates")
    assert yaml.safe_load(plan["data"]["plan.yaml"])["actions"]["get"]["url"] == "http://bank.example/rates"


def test_a_plan_of_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = b"users: [{name: a, concurrency: 1, behavior: [{action: g}]}]\nconfig: {duration: 1s}\n"
    plan += b"actions: {g: {url: 'http://bank.example/'}}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(plan)))
    result = CliRunner().invoke(app, ["kubernetes", "render", "-", "--agents", "1"], input=plan)
    assert yaml.safe_load_all(result.stdout).__next__()["data"]["plan.yaml"] == plan.decode()


CODE = """
config: {base_url: 'http://bank.example', duration: 1s}
users: [{name: u, concurrency: 1, behavior: [settle]}]
actions: {settle: {python: 'my_actions:settle'}, installed: {python: settle}}
"""


def test_code_in_the_image_is_allowed_by_an_option(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CODE)
    options = ("--allow-code", "/actions/", "--allow-code", "my_package.$(HOME)")
    (agents,) = [entry for entry in rendered(str(plan), *options) if entry["metadata"]["name"].endswith("-agents")
                 and entry["kind"] == "Job"]  # fmt: skip
    (agent,) = agents["spec"]["template"]["spec"]["containers"]
    assert agent["args"][-2:] == ["--allow-code=/actions/", "--allow-code=my_package.$$(HOME)"]


def test_code_that_the_image_cannot_have_is_refused_before_the_launch(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CODE)
    with pytest.raises(ClusterInputError, match="my_actions:settle, which is not sent with the plan: build an image"):
        rendered(str(plan))


def test_an_installed_action_needs_no_option(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CODE.replace("my_actions:settle", "settle"))
    assert rendered(str(plan))


def test_a_mistake_in_the_plan_comes_before_any_output() -> None:
    with pytest.raises(PlanError, match="config\\.seed"):
        rendered(BANK, "--set", "config.seed=many")


@pytest.mark.parametrize(
    "words", [["--monitor"], ["--json"], ["-o", "json=a.json"], ["--exit-code", "failed=9"], ["--baseline", "main"]]
)
def test_options_for_this_machine_are_refused(words: list[str]) -> None:
    with pytest.raises(ClusterInputError, match=f"^{words[0]}.*cannot be used with render"):
        rendered(BANK, *words)
