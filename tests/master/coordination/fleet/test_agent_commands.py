"""Commands are counted by their processes, whatever comes and goes."""

from fleet_invariants import validate_commands
from fleet_model import TERMS, hello_of
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.messages import Hello, Part
from gradual_master.coordination.fleet.commands import AgentCommands
from gradual_master.coordination.fleet.fleet import Fleet

SIZES = (1, 2, 3)


def process(command: int, number: int, twin: int = 0) -> Hello:
    """Process `number` of a command of `SIZES[command]`; `twin`: another incarnation that says the same of itself."""
    return hello_of(f"{command}-{number}-{twin}", part=Part(bytes([command]) * 16, number, SIZES[command]))


ALL = [
    process(command, number, twin)
    for command, size in enumerate(SIZES)
    for number in range(1, size + 1)
    for twin in range(2)
]


@given(st.lists(st.tuples(st.sampled_from(ALL), st.booleans())))
def test_a_command_is_complete_when_each_of_its_processes_is_here(events: list[tuple[Hello, bool]]) -> None:
    commands, here = AgentCommands(), dict[str, Hello]()
    for hello, comes in events:
        if comes:
            commands.add(hello.name, hello.name, hello)
            here[hello.name] = hello
        else:
            commands.remove(hello.name, hello)
            here.pop(hello.name, None)
        validate_commands(commands)
        present = {(hello.part.command[0], hello.part.number) for hello in here.values()}
        complete = [all((command, n + 1) in present for n in range(size)) for command, size in enumerate(SIZES)]
        assert commands.complete == sum(complete)
        assert bool(commands.lack()) == any(
            any(one == command for one, _ in present) and not is_complete
            for command, is_complete in enumerate(complete)
        )


def test_what_is_lacking_names_a_few_processes() -> None:
    commands = AgentCommands()
    for number in (1, 2, 3, 5):
        commands.add(f"{number}", f"b-{number}", hello_of(f"{number}", part=Part(b"c" * 16, number, 8)))
    commands.add("x", "x", hello_of("x"))
    assert commands.lack() == "only 4 of 8 processes of one came (b-1 … b-5)"


def test_the_fleet_counts_those_that_are_connected() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.commands.complete == 1
    fleet.leave(1)
    assert fleet.commands.complete == 0
    fleet.supersede(agent, hello_of("a", 2), 2)
    assert fleet.commands.complete == 1
    fleet.supersede(agent, hello_of("a", 3), 3)
    assert fleet.commands.complete == 1
    fleet.forget(agent)
    assert fleet.commands.complete == 0
