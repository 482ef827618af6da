"""The usher: one user at a time, in the order they came; a user whose turn never came has ended all the same."""

from agent_stage import SteppedTimeline

from gradual_agent.users.start_queue import LATE_NS, Usher


class Crew:
    """Notes who comes and goes; `cost` passes for each."""

    def __init__(self, timeline, cost):
        self.timeline = timeline
        self.cost = cost
        self.said = []

    def start(self, group, ordinal, tenure):
        self.said.append(("start", group, ordinal, tenure, self.timeline.now))
        self.timeline.now += self.cost

    def stop(self, group, ordinal, deadline, *, hands_over):
        self.said.append(("stop", group, ordinal, deadline, self.timeline.now))
        self.timeline.now += self.cost


class Door:
    """An usher on a timeline that the test moves."""

    def __init__(self, cost=0):
        self.timeline = SteppedTimeline()
        self.crew = Crew(self.timeline, cost)
        self.ended = []
        self.errors = []
        self.usher = Usher(
            self.crew, self.timeline, self.timeline.clock, lambda *end: self.ended.append(end), self.errors.append
        )

    def pass_through(self):
        self.timeline.run_until(self.timeline.now)
        return [said[:4] for said in self.crew.said]


def test_users_pass_in_the_order_in_which_they_came():
    door = Door()
    door.usher.start((0, 5), 1, 0)
    door.usher.stop((1, 2), 99, hands_over=False)
    door.usher.start((0, 3), 2, 0)
    assert door.crew.said == []
    assert door.pass_through() == [("start", 0, 5, 1), ("stop", 1, 2, 99), ("start", 0, 3, 2)]


def test_others_have_their_turn_between_two_users():
    door = Door(cost=10)
    for ordinal in range(3):
        door.usher.start((0, ordinal), 1, 0)
    door.timeline.at(5, lambda _: door.crew.said.append("another"))
    door.timeline.run_until(100)
    assert [said if said == "another" else said[2] for said in door.crew.said] == [0, "another", 1, 2]


def test_a_user_that_is_stopped_before_its_turn_never_starts_and_has_ended():
    door = Door()
    door.usher.start((0, 1), 7, 0)
    door.usher.start((0, 2), 1, 0)
    door.usher.stop((0, 1), 50, hands_over=False)
    assert door.ended == [(0, 1, 7, False)]
    assert door.pass_through() == [("start", 0, 2, 1)]


def test_a_stop_that_comes_again_holds_with_its_new_deadline():
    door = Door()
    door.usher.stop((0, 1), 50, hands_over=False)
    door.usher.stop((0, 1), 20, hands_over=False)
    assert door.pass_through() == [("stop", 0, 1, 20)]


def test_a_cut_empties_the_line_and_the_door_opens_again_later():
    door = Door()
    door.usher.start((0, 1), 1, 0)
    door.usher.cut()
    assert door.pass_through() == []
    assert door.ended == []
    door.usher.start((0, 1), 2, 0)
    assert door.pass_through() == [("start", 0, 1, 2)]


def test_who_waited_longer_than_the_clock_error_is_counted_as_late_once():
    door = Door(cost=LATE_NS)
    for ordinal in range(3):
        door.usher.start((0, ordinal), 1, 0)
    door.timeline.run_until(10 * LATE_NS)
    assert door.usher.take_late_starts() == 1, "at 0, at the limit, and beyond it"
    assert door.usher.take_late_starts() == 0


def test_a_crew_that_fails_is_told_of():
    door = Door()
    door.crew.start = lambda *_: 1 / 0
    door.usher.start((0, 1), 1, 0)
    door.pass_through()
    assert [type(error) for error in door.errors] == [ZeroDivisionError]
