"""A system whose every block is given by a function of its users, without chance."""

from collections.abc import Callable

from gradual_common.rules.parser import parse_rule
from gradual_master.analysis.capacity.blocks import LevelBlock
from gradual_master.analysis.capacity.measure import CapacityMeasure, measure_of

MS = 1_000_000
Sums = tuple[tuple[float, float], ...]


def measures_of(*rules: str) -> list[CapacityMeasure]:
    """The measures of rules as a plan writes them."""
    return [measure_of(parse_rule(rule)) for rule in rules]


def one_ms_per_user(users: int) -> Sums:
    """For one objective on a mean: 100 samples of as many ms as there are users."""
    return ((100.0 * users * MS, 100.0),)


class ScriptedSystem:
    """Blocks of 1 s."""

    def __init__(self, sums_of: Callable[[int], Sums]) -> None:
        self._sums_of = sums_of
        self.now_s = 0.0

    def run(self, users: int) -> LevelBlock:
        """The next block."""
        self.now_s += 1
        return LevelBlock(self.now_s - 1, self.now_s, self._sums_of(users))
