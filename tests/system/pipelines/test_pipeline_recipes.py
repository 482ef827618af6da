"""The recipes of the page of pipelines: their scripts run as the runners run them, against a demo bank."""

import json
import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_runner import ACTION, Workspace, block_of

IMPOSSIBLE = ("p95(rates) < 2s", "p95(rates) < 1ns")
"""A threshold of the plan, and one that no run meets."""


def steps_of(kind: str) -> list[dict[str, Any]]:
    """The steps of the GitHub recipe that use this action."""
    workflow = yaml.safe_load(block_of("yml", "runs-on"))
    return [step for step in workflow["jobs"]["load-test"]["steps"] if kind in step.get("uses", "")]


@pytest.mark.parametrize("code", [0, 1])
def test_github_runs_the_action_and_uploads_its_reports(workspace: Workspace, code: int) -> None:
    if code:
        workspace.write_plan(*IMPOSSIBLE)
    (step,) = steps_of("/gradual@")
    inputs = {name.replace("-", "_"): workspace.localize(text) for name, text in step["with"].items()}
    result = workspace.action(**inputs)
    assert result.code == code, result.stderr
    assert result.outputs == {"report": "gradual-report", "exit-code": str(code)}
    (upload,) = steps_of("upload-artifact")
    assert upload["with"]["path"] == f"${{{{ steps.{step['id']}.outputs.report }}}}"
    report = workspace.folder / result.outputs["report"]
    assert {path.name for path in report.iterdir()} == {"report.html", "summary.json", "junit.xml", "metrics.txt"}
    assert json.loads((report / "summary.json").read_text())["run"]["tags"] == {"branch": "the next"}
    assert workspace.job_page.read_text().count("\n### ") + workspace.job_page.read_text().startswith("### ") == 1
    errors = [line for line in result.annotations() if line.startswith("::error ")]
    assert bool(errors) == bool(code)
    assert all(line.startswith("::error file=load/plan.yaml,line=8::p95(rates) < 1ns: ") for line in errors)


def test_the_example_of_an_annotation_names_the_line_of_its_threshold() -> None:
    example = block_of("text", "::error")
    found = re.fullmatch(r"::error file=load/plan\.yaml,line=(\d+)::(p95\(rates\) < 2s): .*\n", example)
    assert found is not None
    assert found[2] in block_of("yaml", "thresholds").splitlines()[int(found[1]) - 1]


def test_the_tables_of_the_page_have_every_input_and_output() -> None:
    page = (Path(__file__).parents[3] / "docs/pipelines.md").read_text(encoding="utf-8")
    for title, names in (("input", ACTION["inputs"]), ("output", ACTION["outputs"])):
        table = page.split(f"| {title} | meaning |")[1].split("\n\n")[0]
        assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == list(names)


@pytest.mark.parametrize("code", [0, 1])
def test_gitlab_gets_junit_and_metrics(workspace: Workspace, code: int) -> None:
    if code:
        workspace.write_plan(*IMPOSSIBLE)
    job = yaml.safe_load(block_of("yml", "allow_failure"))["load-test"]
    # GitLab's runner joins the lines of `script` and ends with the first that fails.
    script = workspace.localize("\n".join(["set -eo pipefail", *job["script"]]))
    done = workspace.run(["bash", "-c", script], {"CI": "true", "GITLAB_CI": "true"})
    assert done.returncode == code, done.stderr
    reports = job["artifacts"]["reports"]
    suite = ET.parse(workspace.folder / reports["junit"]).getroot()
    assert (int(suite.attrib["failures"]) > 0) == bool(code)
    lines = [shlex.split(line) for line in (workspace.folder / reports["metrics"]).read_text().splitlines()]
    assert ["gradual_exit_code", f"{code}.0"] in lines
    assert ["gradual_verdict{gradual_verdict=passed}", f"{1 - code}.0"] in lines
    assert all((workspace.folder / path).is_dir() for path in job["artifacts"]["paths"])
    assert "::" not in done.stderr


@pytest.mark.parametrize("code", [0, 1])
def test_jenkins_gets_junit_and_the_exit_code(workspace: Workspace, code: int) -> None:
    if code:
        workspace.write_plan(*IMPOSSIBLE)
    pipeline = block_of("groovy", "pipeline")
    scripts = [
        first or second for first, second in re.findall(r"sh '([^']+)'|script: '''(.*?)'''", pipeline, re.DOTALL)
    ]
    assert len(scripts) == pipeline.count("sh ") == 3
    codes = [workspace.run(["sh", "-xec", workspace.localize(script)], {}).returncode for script in scripts]
    assert codes == [0, 0, code]
    (junit,) = re.findall(r"junit testResults: '([^']+)'", pipeline)
    suite = ET.parse(workspace.folder / junit).getroot()
    assert (int(suite.attrib["failures"]) > 0) == bool(code)
    assert (workspace.folder / "report/report.html").stat().st_size > 1000


@pytest.mark.parametrize(
    "changes", [block_of("yml", "runs-on"), block_of("yml", "allow_failure"), block_of("groovy", "sh")]
)
def test_every_recipe_tells_an_invalid_run_by_the_same_code(changes: str) -> None:
    assert "invalid=75" in changes
