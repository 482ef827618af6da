"""Commands are counted by their processes, whatever comes and goes."""

from fleet_model import hello_of
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.messages import Part
from gradual_master.coordination.fleet.fleet import Agent, Fleet
from gradual_master.coordination.fleet.gathering import Gathering

SIZES = (1, 2, 3)


def process(command: int, number: int, twin: int = 0) -> Agent:
    """Process `number` of a command of `SIZES[command]`; `twin`: another incarnation that says the same of itself."""
    key = f"{command}-{number}-{twin}"
    hello = hello_of(key, part=Part(bytes([command]) * 16, number, SIZES[command]))
    return Agent(hello.incarnation.hex(), key, hello, 0, 1)


ALL = [
    process(command, number, twin)
    for command, size in enumerate(SIZES)
    for number in range(1, size + 1)
    for twin in range(2)
]


@given(st.lists(st.tuples(st.sampled_from(ALL), st.booleans())))
def test_a_command_is_complete_when_each_of_its_processes_is_here(events: list[tuple[Agent, bool]]) -> None:
    gathering, here = Gathering(), dict[str, Agent]()
    for agent, comes in events:
        if comes:
            gathering.add(agent)
            here[agent.id] = agent
        else:
            gathering.remove(agent)
            here.pop(agent.id, None)
        present = {(agent.hello.part.command[0], agent.hello.part.number) for agent in here.values()}
        complete = [all((command, n + 1) in present for n in range(size)) for command, size in enumerate(SIZES)]
        assert gathering.complete == sum(complete)
        assert bool(gathering.lacking()) == any(
            any(one == command for one, _ in present) and not is_complete
            for command, is_complete in enumerate(complete)
        )


def test_what_is_lacking_names_a_few_processes() -> None:
    gathering = Gathering()
    hello = hello_of("x")
    for number in (1, 2, 3, 5):
        part = Part(b"c" * 16, number, 8)
        gathering.add(Agent(f"{number}", f"b-{number}", hello_of(f"{number}", part=part), number, number))
    gathering.add(Agent("x", "x", hello, 9, 9))
    assert gathering.lacking() == "only 4 of 8 processes of one came (b-1 … b-5)"


def test_the_fleet_counts_those_that_are_connected() -> None:
    fleet = Fleet("r1")
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.gathering.complete == 1
    fleet.leave(1)
    assert fleet.gathering.complete == 0
    fleet.supersede(agent, hello_of("a", 2), 2)
    assert fleet.gathering.complete == 1
    fleet.supersede(agent, hello_of("a", 3), 3)
    assert fleet.gathering.complete == 1
    fleet.forget(agent)
    assert fleet.gathering.complete == 0
