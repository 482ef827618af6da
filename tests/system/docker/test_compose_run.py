"""Runs with docker-compose that end with their verdict, by the commands of docs/docker.md."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from compose_project import ComposeProject, command_with, served
from docs_blocks import ROOT
from fleet_processes import free_port, wait_until

EXAMPLE = "docker compose up --scale agent=3 --exit-code-from master\n"


def test_the_worked_example_passes_with_three_agents_and_every_request_is_in_the_banks_count(
    project: ComposeProject,
) -> None:
    output = project.succeed(command_with(EXAMPLE))
    project.succeed(command_with("cp master:/report"))
    assert "waiting for 3 agents" in output
    summary = project.copied_summary()
    assert len(summary["agents"]) == 3
    assert summary["run"]["exit_code"] == 0
    assert summary["totals"]["requests"] == served(output) > 0
    reports = {"report.html", "summary.json", "junit.xml", "summary.md"}
    assert {file.name for file in (project.folder / "report").iterdir()} == reports
    assert project.containers("--all") == []


def test_the_readme_shows_the_same_command() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    shown = {line.partition("#")[0].strip() for line in lines if line.startswith("docker compose up")}
    assert shown <= {EXAMPLE.strip()}


def test_a_failed_objective_ends_compose_with_1(project: ComposeProject) -> None:
    project.write_plan(config={"duration": "2s"}, thresholds=["p95(rates) < 1ms"])
    command = command_with("PLAN=./my.yaml")
    ended = project.run(command.replace("AGENTS=5 ", ""))
    assert ended.code == 1, ended.output
    summary = project.summary()
    assert summary["verdict"]["status"] == "failed"
    assert len(summary["agents"]) == 2


def test_a_plan_of_ones_own_runs_with_its_data_and_as_many_agents_as_asked_for(project: ComposeProject) -> None:
    project.write_plan(config={"duration": "3s"})
    output = project.succeed(command_with("PLAN=./my.yaml"))
    summary = project.summary()
    assert len(summary["agents"]) == 5
    assert summary["run"]["name"] == "My plan"
    assert summary["totals"]["requests"] == served(output)
    assert summary["totals"]["failures"] == 0


def test_options_folder_base_url_and_reports_are_where_the_variables_say(project: ComposeProject) -> None:
    """The plan and its data are in another folder, and the reports go to a folder of this host."""
    project.write_plan(config={"duration": "2s", "base_url": "http://127.0.0.1:9"})
    load, report = project.folder / "load", project.folder / "out"
    load.mkdir()
    load.chmod(0o755)
    report.mkdir()
    report.chmod(0o777)
    for name in ("my.yaml", "users.csv"):
        (project.folder / name).rename(load / name)
    project.succeed(
        "docker compose up --exit-code-from master",
        FOLDER=str(load),
        PLAN="my.yaml",
        BASE_URL="http://bank:8080",
        OPTIONS="-u 7 --tag kind=small",
        REPORT=str(report),
        AGENTS="1",
    )
    summary = (report / "summary.json").read_text()
    assert '"kind": "small"' in summary
    assert '"failures": 0' in summary


@pytest.fixture
def prometheus_image(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with the Prometheus of this host: no image registry is asked."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    shutil.copy(program, folder / "prometheus")
    (folder / "Dockerfile").write_text('FROM gradual\nCOPY prometheus /\nENTRYPOINT ["/prometheus"]\n')
    name = f"gradual-test-prometheus-{uuid4().hex[:12]}"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, str(folder)], check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "image", "rm", name], check=True, capture_output=True)


def test_with_its_profile_prometheus_scrapes_the_run(prometheus_image: str, project: ComposeProject) -> None:
    project.write_plan(config={"duration": "6s"})
    variables = {"PROMETHEUS_IMAGE": prometheus_image, "PROMETHEUS_PORT": str(free_port()), "PLAN": "my.yaml"}
    project.succeed(command_with("--profile prometheus"), **variables)
    project.succeed("docker compose wait master", **variables)
    query = urlencode({"query": "max_over_time(sum(gradual_requests_total)[1m:1s])"})
    url = f"http://127.0.0.1:{variables['PROMETHEUS_PORT']}/api/v1/query?{query}"

    def scraped() -> int:
        with urllib.request.urlopen(url, timeout=20) as response:
            rows = json.load(response)["data"]["result"]
        return int(rows[0]["value"][1]) if rows else 0

    seen = wait_until(scraped, "Prometheus has requests of the run", pause_s=0.2)
    assert 0 < seen <= project.summary()["totals"]["requests"]
