"""Events are handled in order, and what follows from one is carried out before the next."""

import pytest

from gradual_master.coordination.events import Close, CloseInterval, Event, Instruction, StreamEnded, Tick
from gradual_master.run.dispatch import Dispatcher


def test_an_event_that_comes_of_an_instruction_waits_for_its_turn() -> None:
    done: list[object] = []

    def handle(event: Event) -> list[Instruction]:
        done.append(event)
        return [Close(1), CloseInterval(0)] if event == Tick() else []

    def carry_out(instruction: Instruction) -> None:
        done.append(instruction)
        if isinstance(instruction, Close):
            dispatcher.dispatch(StreamEnded(instruction.stream))

    dispatcher = Dispatcher(handle, carry_out)
    dispatcher.dispatch(Tick())
    assert done == [Tick(), Close(1), CloseInterval(0), StreamEnded(1)]
    assert not dispatcher.is_dispatching


def test_after_an_error_the_next_event_is_handled() -> None:
    handled: list[Event] = []

    def handle(event: Event) -> list[Instruction]:
        handled.append(event)
        return [Close(1)]

    dispatcher = Dispatcher(handle, lambda _: 1 / 0)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            dispatcher.dispatch(Tick())
    assert handled == [Tick(), Tick()]
