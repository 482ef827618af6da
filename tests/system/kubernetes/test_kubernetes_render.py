"""`gradual kubernetes render --with-secrets | kubectl apply -f -` on a real cluster that enforces `restricted`."""

import subprocess
from pathlib import Path

import yaml
from docs_blocks import ROOT
from kustomize_project import kustomize_project, small

PLAN = """
config: {name: "rates", base_url: "http://${BANK_OF_TEST}", duration: "60s", graceful_stop: "2s"}
secrets: {KEY: {file: ../key.txt}}
users:
  - {name: "guest", concurrency: 6, data: {user: people.csv}, behavior: [{action: "rates", think_time: 0.2s}]}
actions:
  rates: {url: "/api/rates?name={{user.name}}", headers: {X-Key: "{{secrets.KEY}}"}}
"""


def test_rendered_objects_run_with_data_and_secrets_and_their_counts_are_the_banks(tmp_path: Path) -> None:
    with kustomize_project(tmp_path) as project:
        (tmp_path / "plans").mkdir()
        (tmp_path / "plans/my.yaml").write_text(PLAN)
        (tmp_path / "plans/people.csv").write_text("name\nann\nbob\ncem\ndea\neva\nfay\n")
        (tmp_path / "key.txt").write_text("a-secret-of-the-test\n")
        (tmp_path / "bank.yaml").write_text(small((ROOT / "deploy/kubernetes/demo/bank.yaml").read_text()))
        project.kubectl("apply", "-f", str(tmp_path / "bank.yaml"))
        project.kubectl("wait", "--for=condition=Ready", "pod/gradual-bank", "--timeout=120s")
        words = "kubernetes render my.yaml --agents 3 --name trial --image-pull-policy Never -d 5s --with-secrets"
        rendered = subprocess.run(
            ["gradual", *words.split(), "--namespace", project.namespace, "-e", "BANK_OF_TEST=gradual-bank:8080"],
            cwd=tmp_path / "plans",
            env=project.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "a-secret-of-the-test" not in rendered.stdout + rendered.stderr
        (tmp_path / "objects.yaml").write_text(small(rendered.stdout))
        project.kubectl("apply", "-f", str(tmp_path / "objects.yaml"))
        project.await_true(lambda: "Complete" in project.conditions("trial-agents"), "all agents have ended with 0")
        (master,) = project.pods("master")
        counts = project.bank_counts()["requests"]
        shown = project.kubectl("logs", master["metadata"]["name"], "-c", "master")
        assert "PASSED" in shown
        assert "a-secret-of-the-test" not in shown
        report = ("exec", master["metadata"]["name"], "-c", "reports", "--", "cat", "/report/summary.json")
        summary = yaml.safe_load(project.kubectl(*report))
        assert summary["totals"]["sent"] == counts > 0
        assert len(summary["agents"]) == 3
