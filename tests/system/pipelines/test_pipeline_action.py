"""The composite action: its inputs, its outputs, and its installation, run as a runner of GitHub does."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from docs_blocks import ROOT
from pipeline_runner import ACTION, INSTALL_S, Workspace, step_of


def test_inputs_reach_scripts_as_variables_only() -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"] if "run" in step)


def test_outputs_are_those_of_the_step_that_runs() -> None:
    values = [entry["value"] for entry in ACTION["outputs"].values()]
    assert values == [f"${{{{ steps.run.outputs.{name} }}}}" for name in ACTION["outputs"]]


def test_a_failed_run_ends_with_the_code_of_the_pipeline(workspace: Workspace) -> None:
    workspace.write_plan("error_rate < 1%", "max < 1ns")
    result = workspace.action(plan="load/plan.yaml", exit_code="failed=99 invalid=75", report="out/load test")
    assert result.code == 99, result.stderr
    assert result.outputs == {"report": "out/load test", "exit-code": "99"}
    report = workspace.folder / "out/load test"
    assert "exit code 99" in (report / "report.html").read_text()
    assert '<property name="run.exit_code" value="99" />' in (report / "junit.xml").read_text()
    assert '<property name="verdict.code" value="1" />' in (report / "junit.xml").read_text()
    assert "\ngradual_exit_code 99.0\n" in (report / "metrics.txt").read_text()
    assert "exit code 99" in workspace.job_page.read_text()


def test_mistakes_of_a_plan_are_annotations_at_their_lines(workspace: Workspace) -> None:
    workspace.write_plan("url: /api/rates", "ulr: /api/rates")
    result = workspace.action(plan="load/plan.yaml")
    assert result.code == 2
    assert result.outputs["exit-code"] == "2"
    assert any(line.startswith("::error file=load/plan.yaml,line=5::actions.rates") for line in result.annotations())
    assert not workspace.job_page.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [('--tag "a=b', "has a quote without its partner"), ("--exit-code failed=300", "from 0 to 255"), ("-x", "-x")],
)
def test_wrong_arguments_are_exit_code_2(workspace: Workspace, arguments: str, message: str) -> None:
    result = workspace.action(plan="load/plan.yaml", arguments=arguments)
    assert result.code == 2
    assert message in " ".join((result.stdout + result.stderr).split())


def test_arguments_are_words_and_no_commands(workspace: Workspace) -> None:
    result = workspace.action(
        plan="load/plan.yaml", arguments="-q --tag 'a=$(touch made)' --tag \"b=*\" --tag c=`touch made`;touch"
    )
    assert result.code == 2, "`touch made`;touch are two more words, of which `gradual run` knows nothing"
    assert not (workspace.folder / "made").exists()
    result = workspace.action(plan="load/plan.yaml", arguments="-q\n--tag 'a=$(touch made)'\n--tag \"b=*\"")
    assert result.code == 0, result.stderr
    assert '"a": "$(touch made)"' in (workspace.folder / "gradual-report/summary.json").read_text()
    assert not (workspace.folder / "made").exists()


def test_the_action_installs_from_its_own_checkout(workspace: Workspace, tmp_path: Path) -> None:
    """With hashed requirements from the package index, as `make` does."""
    source = tmp_path / "action"
    names = ["gradual", "gradual_agent", "gradual_common", "gradual_master", "proto", "requirements"]
    for name in names:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("wire", "__pycache__"))
    for name in ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, source)
    step = step_of("install")
    assert "--require-hashes" in step["run"]
    python = getattr(sys, "_base_executable", sys.executable)
    result = workspace.github(step["run"], INSTALL_S, PYTHON=python, SOURCE=str(source))
    if re.search(r"NewConnectionError|No matching distribution", result.stderr):
        pytest.skip("the package index is not reached")
    assert result.code == 0, result.stderr
    (added,) = (workspace.temporary / "path").read_text().splitlines()
    workspace.path = f"{added}:/usr/bin:/bin"
    done = workspace.run(["gradual", "run", "load/plan.yaml", "-q", "-o", "openmetrics"], {})
    assert done.returncode in (0, 1, 3), done.stderr  # a busy machine may miss the objectives, or be saturated
    assert (workspace.folder / "metrics.txt").read_text().endswith("# EOF\n")
