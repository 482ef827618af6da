"""Agents by incarnation, the streams they speak on, the commands they belong to, and their leases."""

from fleet_invariants import validate_commands
from fleet_model import TERMS, S, hello_of
from hypothesis import given
from hypothesis import strategies as st

from gradual_common.protocol.messages import Hello, Part
from gradual_master.coordination.fleet.agent import FleetAgent, LinkState, MemberEvent
from gradual_master.coordination.fleet.fleet import AgentCommands, Fleet


def test_agents_keep_their_order_of_arrival() -> None:
    fleet = Fleet(TERMS)
    for stream, name in enumerate("cab", 1):
        assert fleet.refusal(hello_of(name), is_ending=False) is None
        assert fleet.admit(hello_of(name), stream).number == stream - 1
    assert [facts.name for facts in fleet.facts(0)] == ["c", "a", "b"]


def test_a_new_stream_takes_over_and_names_the_one_it_supersedes() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.supersede(agent, hello_of("a", 2), 5) == 1
    assert fleet.speaker(1) is None
    assert fleet.speaker(5) is agent
    assert agent.link is LinkState.RETURNING


def test_an_agent_without_a_stream_supersedes_none() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    assert fleet.leave(1) is agent
    assert agent.stream is None
    assert fleet.supersede(agent, hello_of("a", 2), 5) is None


def test_the_end_of_a_superseded_stream_takes_nothing_from_the_new_one() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    fleet.supersede(agent, hello_of("a", 2), 5)
    assert fleet.leave(1) is None
    assert agent.stream == 5


def test_a_forgotten_agent_may_come_again_as_a_new_one_unless_it_is_barred() -> None:
    fleet = Fleet(TERMS)
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.refusal(hello_of("a"), is_ending=False) is None
    agent = fleet.admit(hello_of("a"), 2)
    fleet.bar(agent)
    fleet.forget(agent)
    assert fleet.refusal(hello_of("a"), is_ending=False) == "this agent was dropped from the run"
    assert list(fleet) == []


def test_a_process_that_was_forgotten_and_comes_again_is_shown_as_before() -> None:
    fleet = Fleet(TERMS)
    fleet.forget(fleet.admit(hello_of("a"), 1))
    assert fleet.admit(hello_of("x", name="a"), 2).name == "a#2"
    assert fleet.admit(hello_of("a"), 3).name == "a"


def test_a_lost_agent_does_not_work_and_is_still_in_the_facts() -> None:
    fleet = Fleet(TERMS)
    agent = fleet.admit(hello_of("a"), 1)
    agent.take(MemberEvent.LOSE)
    agent.was_lost = True
    assert fleet.working() == []
    assert [facts.lost for facts in fleet.facts(0)] == [True]


def test_near_the_end_only_a_known_agent_is_taken_back() -> None:
    fleet = Fleet(TERMS)
    fleet.admit(hello_of("a"), 1)
    assert fleet.refusal(hello_of("a", 2, run="r1"), is_ending=True) is None
    assert fleet.refusal(hello_of("b"), is_ending=True) is not None


def agents_of(names: str) -> tuple[Fleet, list[FleetAgent]]:
    """A fleet in which a lease is 10 s and its guard 1 s."""
    fleet = Fleet(TERMS)
    return fleet, [fleet.admit(hello_of(name), stream) for stream, name in enumerate(names, 1)]


def test_a_lease_is_held_until_its_ping_plus_lease_plus_guard() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 5 * S)
    assert agent.has_lease(16 * S)
    assert not agent.has_lease(16 * S + 1)


def test_an_agent_that_never_pinged_holds_nothing() -> None:
    _, (agent,) = agents_of("a")
    assert not agent.has_lease(0)


def test_only_leases_that_are_over_are_named_in_order_of_their_end() -> None:
    fleet, (late, early, alive) = agents_of("abc")
    for agent, at in ((late, 3), (early, 1), (alive, 9)):
        fleet.renew(agent, at * S)
    assert fleet.expired(12 * S) == []
    assert fleet.expired(15 * S) == [early, late]
    early.lease_end = None
    assert fleet.expired(15 * S) == [late]


def test_a_stall_of_the_master_moves_every_lease() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 0)
    fleet.note_stall(4 * S)
    assert agent.has_lease(15 * S)
    assert not agent.has_lease(15 * S + 1)


def test_a_renewal_never_shortens_a_lease() -> None:
    fleet, (agent,) = agents_of("a")
    fleet.renew(agent, 0)
    fleet.note_stall(20 * S)
    fleet.renew(agent, 5 * S)
    assert agent.has_lease(31 * S)


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
