"""`gradual kubernetes run` on a real cluster: counts, exit codes, reports on this disk, and nothing left behind."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from docs_blocks import ROOT
from fleet_processes import stop
from kustomize_project import DEADLINE_S, KustomizeProject, kustomize_project, small

KINDS = "configmap,secret,service,job,networkpolicy,pdb,pod"
SMALL = ("--cpu", "200m", "--memory", "128Mi")

PLAN = """
config: {name: "rates", base_url: "http://gradual-bank:8080", duration: "DURATION", graceful_stop: "2s"}
users: [{name: "guest", concurrency: 6, behavior: [{action: "rates", think_time: 0.2s}]}]
actions: {rates: {url: "/api/rates"}}
thresholds: ["p95(rates) < BOUND"]
"""


class Launch:
    """`gradual kubernetes run` in the project's namespace."""

    def __init__(self, project: KustomizeProject, *words: str, plan: str = "plan.yaml") -> None:
        self.project = project
        self.output = project.folder / "output.txt"
        command = ["gradual", "kubernetes", "run", plan, "--name", "trial", "--namespace", project.namespace, *SMALL]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*command, "--image-pull-policy", "Never", *words],
                cwd=project.folder,
                env=project.environment,
                stdout=output,
                stderr=output,
                text=True,
            )

    def shows(self, text: str) -> bool:
        return text in self.output.read_text()

    def end(self) -> tuple[int, str]:
        """Exit code and output; everything of the run is gone."""
        try:
            code = self.process.wait(DEADLINE_S)
        finally:
            stop(self.process)
        shown = self.output.read_text()
        left = self.project.kubectl("get", KINDS, "--selector", "app.kubernetes.io/instance=trial", "-o", "name")
        assert left == "", shown
        assert "Traceback" not in shown
        return code, " ".join(shown.split())


@pytest.fixture
def project(tmp_path: Path) -> Iterator[KustomizeProject]:
    with kustomize_project(tmp_path) as made:
        (tmp_path / "bank.yaml").write_text(small((ROOT / "deploy/kubernetes/demo/bank.yaml").read_text()))
        made.kubectl("apply", "-f", str(tmp_path / "bank.yaml"))
        write_plan(made, "5s")
        yield made


def write_plan(project: KustomizeProject, duration: str, bound: str = "10s") -> None:
    (project.folder / "plan.yaml").write_text(PLAN.replace("DURATION", duration).replace("BOUND", bound))


def await_bank(project: KustomizeProject) -> None:
    project.kubectl("wait", "--for=condition=Ready", "pod/gradual-bank", "--timeout=120s")


def command(project: KustomizeProject, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of `gradual kubernetes` that ends by itself."""
    return subprocess.run(
        ["gradual", "kubernetes", *words, "--namespace", project.namespace],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )


def test_the_banks_plan_runs_with_three_agents_and_its_counts_are_the_banks(project: KustomizeProject) -> None:
    await_bank(project)
    words = ("--agents", "3", "--base-url", "http://gradual-bank:8080", "-d", "10s")
    code, shown = Launch(project, *words, plan=str(ROOT / "examples/bank.yaml")).end()
    assert code == 0, shown
    summary = json.loads((project.folder / "report/summary.json").read_text())
    assert summary["totals"]["sent"] == project.bank_counts()["requests"] > 0
    assert len(summary["agents"]) == 3
    assert {path.name for path in (project.folder / "report").iterdir()} == {"summary.json", "report.html", "junit.xml"}


def test_a_failed_objective_is_the_exit_code_and_can_be_another(project: KustomizeProject) -> None:
    await_bank(project)
    write_plan(project, "3s", bound="1us")
    code, shown = Launch(project, "--exit-code", "failed=99").end()
    assert code == 99, shown
    assert "FAILED" in shown
    assert json.loads((project.folder / "report/summary.json").read_text())["verdict"]["status"] == "failed"


def test_ctrl_c_stops_the_run_which_reports(project: KustomizeProject) -> None:
    await_bank(project)
    write_plan(project, "120s")
    launch = Launch(project, "--agents", "2")
    project.await_true(lambda: launch.shows(" users 6/6 "), "the load")
    refused = command(project, "run", "plan.yaml", "--name", "trial")
    assert refused.returncode == 3
    assert "a run called trial goes on" in refused.stderr
    launch.process.send_signal(signal.SIGINT)
    code, shown = launch.end()
    assert code == 130, shown
    summary = json.loads((project.folder / "report/summary.json").read_text())
    assert summary["verdict"]["status"] == "interrupted"
    assert summary["totals"]["sent"] == project.bank_counts()["requests"] > 0


def test_an_agent_that_is_deleted_hands_over_and_the_run_goes_on(project: KustomizeProject) -> None:
    await_bank(project)
    write_plan(project, "25s")
    launch = Launch(project, "--agents", "2")
    project.await_true(lambda: launch.shows(" users 6/6 "), "the load")
    project.kubectl("delete", "pod", project.pods("agent")[0]["metadata"]["name"], "--wait=false")
    code, shown = launch.end()
    assert code == 0, shown
    summary = json.loads((project.folder / "report/summary.json").read_text())
    assert summary["totals"]["sent"] == project.bank_counts()["requests"] > 0


def test_ctrl_c_during_the_launch_removes_everything(project: KustomizeProject) -> None:
    launch = Launch(project, "--cpu", "90")
    project.await_true(lambda: launch.shows("0 of 1 agents started"), "the launch")
    launch.process.send_signal(signal.SIGINT)
    code, shown = launch.end()
    assert code == 130, shown
    assert "removing the run trial" in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--image", "no-such-image:1"), "image no-such-image:1"),
        (("--cpu", "90", "--launch-timeout", "5s"), "no node has room for the pod trial-agents-0"),
    ],
)
def test_what_keeps_pods_from_starting_is_said(project: KustomizeProject, words: tuple[str, ...], said: str) -> None:
    code, shown = Launch(project, *words).end()
    assert code == 3, shown
    assert said in shown


def test_a_quota_that_is_too_small_is_said(project: KustomizeProject) -> None:
    project.kubectl("create", "quota", "tight", "--hard=pods=2")
    code, shown = Launch(project, "--agents", "3").end()
    assert code == 3, shown
    assert "exceeded quota: tight" in shown
    assert "have the quota raised" in shown


def test_what_a_user_may_not_do_is_said_before_anything_is_made(project: KustomizeProject) -> None:
    """The Role of the page, without one verb."""
    page = (ROOT / "docs/kubernetes.md").read_text()
    role = yaml.safe_load(page.split("```yml\n")[1].split("```")[0])
    core = next(rule for rule in role["rules"] if "secrets" in rule["resources"])
    core["verbs"].remove("create")
    role["metadata"]["namespace"] = project.namespace
    (project.folder / "role.yaml").write_text(yaml.safe_dump(role))
    project.kubectl("apply", "-f", str(project.folder / "role.yaml"))
    project.kubectl("create", "serviceaccount", "runner")
    subject = f"--serviceaccount={project.namespace}:runner"
    project.kubectl("create", "rolebinding", "runner", "--role", role["metadata"]["name"], subject)
    token = project.kubectl("create", "token", "runner").strip()
    configuration = yaml.safe_load(Path(project.environment["KUBECONFIG"]).read_text())
    configuration["users"][0]["user"] = {"token": token}
    (project.folder / "limited.yaml").write_text(yaml.safe_dump(configuration))
    code, shown = Launch(project, "--kubeconfig", "limited.yaml").end()
    assert code == 3, shown
    assert "this user may not do what a run needs" in shown
    assert "create secrets" in shown
    assert token not in shown
    core["verbs"].append("create")
    (project.folder / "role.yaml").write_text(yaml.safe_dump(role))
    project.kubectl("apply", "-f", str(project.folder / "role.yaml"))
    await_bank(project)
    code, shown = Launch(project, "--kubeconfig", "limited.yaml").end()
    assert code == 0, shown


def test_logs_and_stop_of_a_run_that_goes_on(project: KustomizeProject) -> None:
    await_bank(project)
    write_plan(project, "120s")
    launch = Launch(project)
    project.await_true(lambda: launch.shows(" users 6/6 "), "the load")
    for words, said in ((("logs", "trial"), "users 6/6"), (("logs", "trial", "--agents"), "--- trial-agents-0")):
        shown_log = command(project, *words)
        assert shown_log.returncode == 0, shown_log.stderr
        assert said in shown_log.stdout
    done = command(project, "stop", "trial")
    assert done.returncode == 0, done.stderr
    code, shown = launch.end()
    assert code == 130, shown
    assert (project.folder / "report/summary.json").exists()
    again = command(project, "stop", "trial")
    assert again.returncode == 3
    assert "there is no run called trial" in again.stderr
