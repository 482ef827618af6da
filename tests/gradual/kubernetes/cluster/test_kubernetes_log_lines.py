"""The master's log is shown once, whatever becomes of the connection."""

import threading
import time
from collections.abc import Iterator

from gradual.errors import ClusterError
from gradual.kubernetes.cluster.client import Cluster
from gradual.kubernetes.cluster.log_lines import LogFollower


class Logs(Cluster):
    """Sends the log of a pod from its beginning each time, in pieces, and breaks where the test says."""

    def __init__(self, *answers: list[bytes | ClusterError]) -> None:
        self.answers = list(answers)

    def log(self, pod: str, container: str, *, follow: bool = False, tail: int | None = None) -> Iterator[bytes]:
        assert follow
        for piece in self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]:
            if isinstance(piece, ClusterError):
                raise piece
            yield piece


def shown(logs: Logs, *pods: str) -> bytes:
    written = bytearray()
    follower = LogFollower(logs, "master", written.extend)
    for pod in pods:
        follower.follow(pod)
        follower.follow(pod)
    follower.finish()
    return bytes(written)


def test_a_log_is_shown_once() -> None:
    assert shown(Logs([b"one\n", b"two\n"]), "m") == b"one\ntwo\n"


def test_after_a_broken_connection_only_the_rest_is_shown() -> None:
    assert shown(Logs([b"one\nt", ClusterError("broken")], [b"one\n", b"two\n"]), "m") == b"one\ntwo\n"


def test_a_connection_that_ends_early_is_opened_again() -> None:
    logs = Logs([b"one\n"], [b"one\n", b"two\n"])
    written = bytearray()
    follower = LogFollower(logs, "master", written.extend)
    follower.follow("m")
    deadline = time.monotonic() + 20
    while len(logs.answers) > 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    follower.finish()
    assert bytes(written) == b"one\ntwo\n"


def test_the_log_of_the_next_pod_follows() -> None:
    assert shown(Logs([b"one\n"]), "m", "n") == b"one\none\n"


def test_nothing_to_finish() -> None:
    LogFollower(Logs(), "master").finish()


def test_after_the_stop_nothing_is_shown() -> None:
    """The rest of a log that comes while the command leaves is not written: Python may end at any moment."""
    written = bytearray()
    begun, stopped = threading.Event(), threading.Event()

    class Slow(Logs):
        def log(self, pod: str, container: str, *, follow: bool = False, tail: int | None = None) -> Iterator[bytes]:
            yield b"one\n"
            begun.set()
            stopped.wait(20)
            yield b"two\n"

    follower = LogFollower(Slow(), "master", written.extend)
    follower.follow("m")
    assert begun.wait(20)
    follower.stop()
    stopped.set()
    follower.finish()
    assert bytes(written) == b"one\n"
