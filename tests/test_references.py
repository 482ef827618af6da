"""References to the design, such as `docs/design/fleet.md, 4.7`, name an existing section."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DESIGN = ROOT / "docs/design"
TEXTS = {".py", ".md", ".proto", ".toml", ".sh", ".yaml", ".js", ".css", ".html"}

SECTION = r'(?:\d+(?:\.\d+)?|"[^"\n]+")'
REFERENCE = re.compile(rf"docs/design/(\w+)\.md(?:((?:,\s(?:and\s)?{SECTION}(?:[–-]\d+(?:\.\d+)?)?)+))?")
OLD_REFERENCE = re.compile(
    r"\b(?:DESIGN|PLAN|RESULTS|STYLE)\.md\b|\b(?:DESIGN|STYLE) \d|\((?:PLAN|RESULTS), (?:\"|[A-Z][a-z])"
)
"""The names of the design's documents before they were in the repository."""

HEADING = re.compile(r"^#{2,3} (?:(\d+(?:\.\d+)?)\.? )?(.+)$|^(\d+)\. \*\*", re.MULTILINE)


def texts() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in paths if path.suffix in TEXTS and path.exists() and path != Path(__file__)]


def sections(page: str) -> set[str]:
    """The numbers and titles of a page's sections, and the numbers of its rules."""
    found = HEADING.findall((DESIGN / f"{page}.md").read_text(encoding="utf-8"))
    return {part for heading in found for part in heading if part}


def references(path: Path) -> list[tuple[str, list[str]]]:
    """The page and the sections of every reference in a file; a reference may contain a line break."""
    text = re.sub(r"\s*\n\s*#?\s*", " ", path.read_text(encoding="utf-8"))
    return [
        (page, [section.strip('"') for section in re.findall(SECTION, named)])
        for page, named in REFERENCE.findall(text)
    ]


PATH = re.compile(r"`((?:gradual\w*|proto|tests|requirements|examples)/[\w./]*)`")


PAGES = sorted(path.stem for path in DESIGN.glob("*.md"))


def test_the_design_has_its_five_pages() -> None:
    assert PAGES == ["architecture", "fleet", "plan_language", "results", "style"]


@pytest.mark.parametrize("path", texts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_reference_to_the_design_names_an_existing_section(path: Path) -> None:
    broken = [
        (page, section)
        for page, named in references(path)
        for section in named or [""]
        if page not in PAGES or (section and section not in sections(page))
    ]
    assert broken == []


def test_no_file_refers_to_documents_outside_of_the_repository() -> None:
    found_in = {
        str(path.relative_to(ROOT)): OLD_REFERENCE.findall(path.read_text(encoding="utf-8")) for path in texts()
    }
    assert {name: found for name, found in found_in.items() if found and name != "CHANGELOG.md"} == {}


def test_the_code_refers_to_the_design() -> None:
    assert sum(len(references(path)) for path in texts() if path.suffix == ".py") >= 50


@pytest.mark.parametrize("page", [*DESIGN.glob("*.md"), ROOT / "docs/extending.md", ROOT / "CONTRIBUTING.md"], ids=str)
def test_a_path_that_a_page_names_exists(page: Path) -> None:
    named = set(PATH.findall(page.read_text(encoding="utf-8"))) - {"gradual_common/wire", "gradual_master/wire"}
    assert [path for path in sorted(named) if not (ROOT / path).exists() and "NAME" not in path] == []


EXTENDING = ROOT / "docs/extending.md"


def test_the_names_in_the_page_of_extensions_are_in_the_code() -> None:
    page = EXTENDING.read_text(encoding="utf-8")
    modules = [path for path in texts() if path.suffix == ".py" and not path.is_relative_to(ROOT / "tests")]
    known = {name for path in modules for name in re.findall(r"\w+", path.read_text(encoding="utf-8"))}
    named = set(re.findall(r"`([A-Za-z_]\w+)(?:`|\()", page))
    assert [name for name in sorted(named - known) if "NAME" not in name] == []
    assert set(re.findall(r"`(\w+\.py)`", page)) - {path.name for path in modules} == {"slowest.py"}


def test_what_an_engine_imports_is_in_the_module_that_the_page_of_extensions_says() -> None:
    rows = re.findall(r"^\| (`.+`) \| `(.+\.py)` \|$", EXTENDING.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 9
    for names, module in rows:
        code = (ROOT / module).read_text(encoding="utf-8")
        defined = set(re.findall(r"^(?:class |def )?(\w+)", code, re.MULTILINE))
        assert set(re.findall(r"`(\w+)`", names)) <= defined, module
