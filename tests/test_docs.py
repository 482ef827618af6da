"""Every plan that the documentation shows is a plan."""

import re
import shutil
from pathlib import Path

import pytest

from gradual_common.plan.loader import PlanSource, load_plan

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PLAN = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SHOWN = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(PLAN.findall(page.read_text()), 1)
]


@pytest.mark.parametrize("text", SHOWN)
def test_a_plan_in_the_documentation_is_valid(text: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/users.csv", tmp_path)
    (tmp_path / "cities.json").write_text('[{"name": "Bern"}, {"name": "Oslo"}]')
    plan = tmp_path / "plan.yaml"
    plan.write_text(text)
    assert load_plan(PlanSource.of_path(plan)).plan.users


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.stem)
def test_every_page_has_a_worked_example(page: Path) -> None:
    assert "```" in page.read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["bank.yaml", "demo.yaml", "login_flow.yaml"])
def test_the_examples_are_valid(name: str) -> None:
    assert load_plan(PlanSource.of_path(ROOT / "examples" / name)).warnings == ()
