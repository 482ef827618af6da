"""The example of docs/watch.md, as it is printed there, against a demo bank."""

import json
import re
import subprocess
from pathlib import Path

from demo_bank import demo_bank
from fleet_processes import BIN, DEADLINE_S

PAGE = (Path(__file__).parents[3] / "docs/watch.md").read_text()
PRINTED = "http://127.0.0.1:8080"
"""The bank's address in the example."""


def test_the_example_runs_and_its_watches_have_values(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    with demo_bank() as bank:
        (tmp_path / "plan.yaml").write_text(example.replace(PRINTED, bank))
        command = [str(BIN / "gradual"), "run", "plan.yaml", "-o", "json=out.json"]
        run = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True, timeout=DEADLINE_S, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = json.loads((tmp_path / "out.json").read_text())
    rows = {row["name"]: row for row in summary["watches"]}
    assert rows.keys() == {"workers", "served"}
    assert all(row["count"] for row in rows.values())
    served = rows["served"]["mean"]
    # The bank counts what arrives, Gradual what is completed: over the same seconds they are nearly the same.
    assert abs(served / summary["totals"]["request_rate_rps"] - 1) < 0.2
