"""Reads the units of `deploy/systemd` as systemd does, so far as they use it: what is started, with which files."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
UNITS = ROOT / "deploy/systemd"


def settings_of(unit: Path) -> list[tuple[str, str]]:
    """Every setting, in order; a line that ends with a backslash goes on."""
    lines = unit.read_text().replace("\\\n", " ").splitlines()
    return [(key, value) for key, equals, value in (line.partition("=") for line in lines) if equals and key[0] != "#"]


def variables_of(file: Path) -> dict[str, str]:
    """The variables of a file for `EnvironmentFile=`."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@dataclass(frozen=True)
class Unit:
    """A unit; `specifiers` without `%`."""

    path: Path
    specifiers: Mapping[str, str]

    def values(self, key: str) -> Sequence[str]:
        """The values of a setting, in order."""
        return [value for name, value in settings_of(self.path) if name == key]

    def credentials(self) -> dict[str, Path]:
        """Name of each credential: the file that it is read from."""
        pairs = (value.split(":", 1) for value in self.values("LoadCredential"))
        return {name: Path(source) for name, source in pairs}

    def command(self, variables: Mapping[str, str]) -> list[str]:
        """The words of `ExecStart`: `${NAME}` is within a word, `$NAME` becomes as many words as it has."""
        (line,) = self.values("ExecStart")
        text = re.sub(r"%(\w)", lambda found: self.specifiers[found[1]], line)
        text = re.sub(r"\$\{(\w+)\}", lambda found: shlex.quote(variables[found[1]]), text)
        return shlex.split(re.sub(r"\$(\w+)", lambda found: variables[found[1]], text))
