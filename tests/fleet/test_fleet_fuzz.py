"""Whatever happens to a fleet, the rules of docs/design/fleet.md, 4, 5 hold, and it recovers.

Real agents and a real master's core over a simulated network and clocks, under sequences of up to 40 faults.
`make test` runs the same 2,000 sequences every time, `make fuzz` 100,000 of its own.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import fuzz_draws
import fuzz_master
import pytest
from fuzz_agents import simulated_processes
from fuzz_faults import SEEDS, SEQUENCES, Fault, Simulation, numbered_sequence, simulate
from fuzz_kept import KEPT
from fuzz_mutations import MUTATIONS
from fuzz_sizes import size_of
from fuzz_world import S
from hypothesis import HealthCheck, given, settings

from gradual_common.language.document import ONCE
from gradual_master.coordination.stages.once import OncePerRun
from gradual_master.errors import IllegalTransitionError

USUAL = 2000
NUMBER = int(os.environ.get("GRADUAL_FUZZ", USUAL))
MAX_RUNS_UNTIL_CAUGHT = 400
ONCE_SEQUENCES = 1500


@pytest.fixture(scope="module", autouse=True)
def processes() -> Iterator[None]:
    with simulated_processes():
        yield


@pytest.mark.parametrize("what", KEPT)
def test_what_was_found_once_is_not_found_again(what: str) -> None:
    simulate(*KEPT[what])


@settings(
    max_examples=NUMBER,
    derandomize=NUMBER == USUAL,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(SEQUENCES, SEEDS)
def test_the_rules_hold_under_any_faults(faults: list[Fault], seed: int) -> None:
    simulate(faults, seed)


@pytest.mark.parametrize("first", range(0, ONCE_SEQUENCES, 50))
def test_set_up_and_teardown_are_performed_once_under_any_faults(first: int) -> None:
    for number in range(first, first + 50):
        simulate(*numbered_sequence(number), once=ONCE)


ONCE_MUTANTS: dict[str, Callable[..., Any]] = {
    "repeat": lambda self, agent: None,
    "is_over": lambda self, section, now: self._performances[section].is_over,
    "is_due": lambda self, section: section in self.terms.once,
}
"""A lost message is not said again, a lost agent is waited for, what has begun is begun again."""


@pytest.mark.parametrize("name", ONCE_MUTANTS)
def test_a_rule_of_set_up_and_teardown_that_is_not_kept_is_found(name: str) -> None:
    def fuzz() -> None:
        for number in range(MAX_RUNS_UNTIL_CAUGHT):
            simulate(*numbered_sequence(number), once=ONCE)

    mutant = mock.patch.object(OncePerRun, name, ONCE_MUTANTS[name])
    with mutant, pytest.raises((AssertionError, IllegalTransitionError)):
        fuzz()


def test_sequences_are_the_same_with_any_modules_loaded(tmp_path: Path) -> None:
    """Of numbers such as modules have that is not true, which shows that this would be noticed."""
    (tmp_path / "full_of_numbers.py").write_text(f"NUMBERS = {list(range(100, 2**16, 97))}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}

    def digests(*modules: str) -> list[str]:
        command = [sys.executable, fuzz_draws.__file__, *modules]
        result = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        return result.stdout.split()

    alone, loaded = digests(), digests("full_of_numbers")
    assert loaded[0] == alone[0]
    assert loaded[1] != alone[1], "Hypothesis puts no numbers of modules in any more: FAR is not needed"


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_rule_that_is_not_kept_is_found(name: str) -> None:
    """The fuzz proves something: each of these mutants breaks a rule within a bounded number of sequences.

    The rules look on from outside; that the invariants of the core would notice some of these counts for nothing.
    """

    def fuzz() -> None:
        for number in range(MAX_RUNS_UNTIL_CAUGHT):
            simulate(*numbered_sequence(number))

    blind = mock.patch.object(fuzz_master, "validate")
    with blind, MUTATIONS[name](), pytest.raises((AssertionError, IllegalTransitionError)):
        fuzz()


def test_a_long_quiet_run_fills_no_memory() -> None:
    """Neither master nor agents keep anything per message, batch or interval."""
    simulation = Simulation([], 1, lasting=500 * S)

    def sizes() -> list[int]:
        master = size_of(simulation.master.core)
        return [master, *(size_of(process.agent) for process in simulation.processes)]

    simulation.world.run_until(150 * S)
    before = sizes()
    simulation.world.run_until(450 * S)
    assert all(after <= size + 10 for after, size in zip(sizes(), before, strict=True))
    decisions = simulation.master.journal.decisions
    assert len(decisions) < 200, "levels are decisions, messages are not"
