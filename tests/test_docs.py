"""The documentation is right: its plans are valid, its templates give the printed results, and its links exist.

`system/documentation/test_docs_run.py` runs its commands and programs.
"""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs_blocks import BLOCKS, PAGES, ROOT, Block
from made_keys import pem, rsa_key

from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.randomness import RandomStream
from gradual_common.templates import trees
from gradual_common.templates.functions import RANDOM, SEQUENCES, WALL_CLOCK
from gradual_common.templates.templates import compile_template

RUN = {"sh", "python"}
PLANS = {"yaml"}
OTHERS = {"text", "mermaid", "yml", "xml", "promql", "sql", "groovy"}
"""Outputs, drawings and input of other programs."""


def blocks_in(*languages: str) -> Any:
    return pytest.mark.parametrize(
        "block", [pytest.param(block, id=block.name) for block in BLOCKS if block.language in languages]
    )


@blocks_in("yaml")
def test_a_plan_in_the_documentation_is_valid(block: Block, tmp_path: Path) -> None:
    shutil.copy(ROOT / "examples/users.csv", tmp_path)
    (tmp_path / "cities.json").write_text('[{"name": "Bern"}, {"name": "Oslo"}]')
    (tmp_path / "vouchers.csv").write_text("code\nA-1\n")
    (tmp_path / "signing.key").write_text("a key that both sides know")
    (tmp_path / "jwt.pem").write_text(pem(rsa_key()))
    plan = tmp_path / "plan.yaml"
    plan.write_text(block.text, encoding="utf-8")
    assert load_plan(PlanSource.of_path(plan)).plan.users


@blocks_in("yml")
def test_the_settings_of_other_programs_are_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


def test_every_block_names_its_language() -> None:
    assert {block.name: block.language for block in BLOCKS if block.language not in RUN | PLANS | OTHERS} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_code_block_is_made_by_indentation(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    assert re.findall(r"\n\n {4}.*", prose) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=lambda page: page.stem)
def test_every_page_has_a_worked_example(page: Path) -> None:
    assert [block for block in BLOCKS if block.page == page and block.language in RUN | PLANS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_targets_of_links_between_pages_exist(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["bank.yaml", "demo.yaml", "login_flow.yaml"])
def test_the_examples_are_valid(name: str) -> None:
    assert load_plan(PlanSource.of_path(ROOT / "examples" / name)).warnings == ()


TEMPLATES = (ROOT / "docs/templates.md").read_text(encoding="utf-8")
NOON = 1_793_534_400_123_000_000
"""2026-11-01 12:00:00.123 UTC, the time of the page's examples."""

Row = tuple[str, str, str]


def rows_of(heading: str) -> list[Row]:
    """The names, the example and the result of each table row below a heading."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", TEMPLATES, re.DOTALL | re.MULTILINE)
    assert section is not None, heading
    lines = [line for line in section[1].splitlines() if line.startswith("| `")]
    cells = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [
        (names, example.strip("`"), result.removeprefix("`").removesuffix("`")) for names, _, example, result in cells
    ]


def names_of(*headings: str) -> set[str]:
    return {name for heading in headings for names, *_ in rows_of(heading) for name in re.findall(r"`([^`]+)`", names)}


ROWS = [row for heading in ("Functions", "Functions and filters", "Filters", "Tests") for row in rows_of(heading)]


def test_the_page_of_templates_names_everything_that_a_template_can_use() -> None:
    """A name with a space is internal: no template can contain it."""
    environment = trees.ENVIRONMENT
    assert names_of("Functions", "Functions and filters") == set(environment.globals)
    filters = {name for name in environment.filters if " " not in name}
    assert names_of("Filters", "Functions and filters") == filters
    assert names_of("Tests") == set(environment.tests)


@pytest.mark.parametrize(("names", "example", "result"), ROWS, ids=[row[1] for row in ROWS])
def test_a_template_gives_the_printed_result(names: str, example: str, result: str) -> None:
    (data,) = [block.text for block in BLOCKS if block.page.name == "templates.md" and block.language == "text"]
    scope = {RANDOM: RandomStream(7), WALL_CLOCK: lambda: NOON, SEQUENCES: {"invoice": 1}.get, **yaml.safe_load(data)}
    assert any(name in example for name in re.findall(r"`([^`]+)`", names)), "the example uses another function"
    assert compile_template(example).render_text(scope) == result.replace("\\n", "\n")


SCENARIOS = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")
"""The page shows lines of the plans in `examples/scenarios`; `system/scenarios` runs the plans."""


def test_the_page_of_scenarios_has_a_row_for_each_plan() -> None:
    rows = re.findall(r"\]\(\.\./examples/scenarios/(\w+)\.yaml\) \|", SCENARIOS)
    assert sorted(rows) == sorted(path.stem for path in (ROOT / "examples/scenarios").glob("*.yaml"))


@pytest.mark.parametrize(
    ("name", "cell"), re.findall(r"\]\(\.\./examples/scenarios/(\w+)\.yaml\) \| (.*) \|$", SCENARIOS, re.MULTILINE)
)
def test_the_lines_on_the_page_of_scenarios_are_those_of_the_plans(name: str, cell: str) -> None:
    plan = (ROOT / f"examples/scenarios/{name}.yaml").read_text(encoding="utf-8")
    lines = re.findall(r"`([^`]+)`", cell)
    assert lines
    assert [line for line in lines if line not in plan] == []
