"""A simulated fleet in any order of messages: what holds for every run (docs/design/fleet.md, 4.6, 5.2, 5.4)."""

from collections import Counter

from fleet_model import CoreRun, S, batch_of, hello_of, id_of, only, schedule_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gradual_common.protocol.messages import AgentMessage, Orders, Ping, SlotRun
from gradual_master.coordination.events import CloseInterval, End, Merge, Received, Send, Stop, StreamEnded, Tick
from gradual_master.coordination.lifecycle import State

NAMES = ("a", "b", "c")


class Fleet(RuleBasedStateMachine):
    """Three agents that seal a batch a second, lose connections, and send again what was not acknowledged."""

    @initialize()
    def begin(self) -> None:
        self.core_run = CoreRun(schedule_of((6,), (9,), (3,), seconds=5), expect_agents=3)
        self.start = self.core_run.to_running(*NAMES)
        self.stream_numbers = dict.fromkeys(NAMES, 1)
        self.sealed = dict.fromkeys(NAMES, 0)
        self.interval = dict.fromkeys(NAMES, -1)
        self.sent_last = dict.fromkeys(NAMES, False)
        self.is_connected = dict.fromkeys(NAMES, True)
        self.batches = {name: {} for name in NAMES}

    def is_over(self) -> bool:
        return self.core_run.core.state is State.FINISHED

    def acked(self, name: str) -> int:
        return self.core_run.journal.batches.get(id_of(name), 0)

    @rule(seconds=st.sampled_from([0.05, 0.4, 1.0, 2.0]))
    def pass_time(self, seconds: float) -> None:
        steps = max(1, round(seconds / 0.2))
        for _ in range(steps):
            self.core_run.now += int(0.2 * S) if seconds > 0.05 else S // 20
            self.core_run.handle(Tick())

    @rule(name=st.sampled_from(NAMES))
    def ping(self, name: str) -> None:
        if self.is_connected[name]:
            self.core_run.ping(name, begun=self.core_run.now)

    @rule(name=st.sampled_from(NAMES))
    def seal(self, name: str) -> None:
        """The batch of the interval that ended; in the drain the last one."""
        over = (self.core_run.now - self.start) // S
        if over <= self.interval[name] or self.sent_last[name]:
            return
        self.interval[name] += 1
        self.sealed[name] += 1
        last = self.core_run.core.state in (State.DRAINING, State.STOPPING)
        self.sent_last[name] = last
        self.batches[name][self.sealed[name]] = batch_of(self.sealed[name], self.interval[name], last=last)

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def deliver(self, name: str, data: st.DataObject) -> None:
        """Some of the batches from any point on: again, in order, or with a gap."""
        if not self.sealed[name] or not self.is_connected[name]:
            return
        first = data.draw(st.integers(1, self.sealed[name]))
        last = data.draw(st.integers(first, self.sealed[name]))
        batches = tuple(self.batches[name][number] for number in range(first, last + 1))
        message = AgentMessage(batches=batches, ping=data.draw(st.sampled_from([None, Ping(1, 2)])))
        self.core_run.handle(Received(self.core_run.streams[name], message))

    @rule(name=st.sampled_from(NAMES), data=st.data())
    def dial_again(self, name: str, data: st.DataObject) -> None:
        """Back after a cut (nothing is held any more), or after a mere break."""
        self.stream_numbers[name] += 1
        self.is_connected[name] = True
        mine = [SlotRun(*slot[:2], 1, slot[2]) for slot in self.core_run.assignments().get(id_of(name), ())]
        held = data.draw(st.sampled_from([(), tuple(mine)]))
        number, sealed = self.stream_numbers[name], self.sealed[name]
        self.core_run.greet(name, number, run="r1", epoch=1, last_batch=sealed, held=held)

    @rule(name=st.sampled_from(NAMES))
    def break_off(self, name: str) -> None:
        self.is_connected[name] = False
        self.core_run.handle(StreamEnded(self.core_run.streams[name]))

    @rule(name=st.sampled_from(NAMES), stream=st.integers(1, 12))
    def speak_on_any_stream(self, name: str, stream: int) -> None:
        if stream not in self.core_run.streams.values():
            self.core_run.handle(Received(stream, AgentMessage(ping=Ping(1, 1))))

    @precondition(lambda self: self.core_run.now > 8 * S)
    @rule()
    def stop(self) -> None:
        self.core_run.handle(Stop("interrupt"))

    @invariant()
    def every_batch_is_merged_once_and_in_order(self) -> None:
        merged: dict[str, list[int]] = {}
        for merge in only(self.core_run.instructions, Merge):
            merged.setdefault(merge.agent, []).append(merge.batch.number)
        for numbers in merged.values():
            assert numbers == list(range(1, len(numbers) + 1))

    @invariant()
    def intervals_close_once_and_in_order(self) -> None:
        closed = [entry.number for entry in only(self.core_run.instructions, CloseInterval)]
        assert closed == list(range(len(closed)))

    @invariant()
    def orders_only_ever_get_newer(self) -> None:
        newest: dict[int, Orders] = {}
        for entry in only(self.core_run.instructions, Send):
            orders = entry.message.orders
            if orders is not None:
                assert entry.ahead
                former = newest.get(entry.stream, orders)
                assert orders.version > former.version or orders == former
                newest[entry.stream] = orders

    @invariant()
    def nobody_holds_a_slot_of_another(self) -> None:
        held = Counter(
            (group, ordinal) for slots in self.core_run.assignments().values() for group, ordinal, _ in slots
        )
        assert all(count == 1 for count in held.values())

    @invariant()
    def acknowledgements_never_exceed_what_was_merged(self) -> None:
        merged = {id_of(name): self.acked(name) for name in NAMES}
        acks = [entry.message.ack for entry in only(self.core_run.instructions, Send)]
        assert max(acks, default=0) <= max(merged.values())

    def teardown(self) -> None:
        """Left alone, every run ends by itself."""
        if not hasattr(self, "core_run"):
            return
        for _ in range(400):
            if self.is_over():
                break
            self.core_run.now += int(0.2 * S)
            self.core_run.handle(Tick())
        assert self.is_over()
        assert len(only(self.core_run.instructions, End)) == 1


TestFleet = Fleet.TestCase
TestFleet.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_incarnation_is_the_agents_key() -> None:
    assert hello_of("a").incarnation.hex() == id_of("a")
