"""What the tests of the HTTP engine share: a driver of fetches, a fake socket and transport, scripted servers."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

from gradual_agent.http.client import HttpClient
from gradual_agent.http.connecting.connection import Http1Connection
from gradual_agent.http.connecting.dialer import Dialer
from gradual_agent.http.context import HttpContext
from gradual_agent.http.request import build_request
from gradual_agent.runtime.allowed_hosts import ANYWHERE
from gradual_agent.runtime.lease import Lease
from gradual_agent.runtime.loop_timer import LoopTimer, read_clock
from gradual_agent.runtime.sample import Sample

FOREVER = 1 << 62
GET = build_request("GET", "http://system/", wants_body=True)


class Clock:
    """A clock that does not move until it is set."""

    def __init__(self, now=1_000):
        self.now = now

    def __call__(self):
        return self.now


class FakeSocket:
    """Takes `room` bytes, then blocks; `error` is raised instead when it is set."""

    def __init__(self, room=FOREVER, error=None):
        self.written = b""
        self.room = room
        self.error = error

    def send(self, data):
        if self.error is not None:
            raise self.error
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.written += taken
        return len(taken)

    def dup(self):
        self.duplicate = FakeDuplicate()
        return self.duplicate


class FakeDuplicate:
    """What a loop watches for a socket that a transport owns."""

    is_closed = False

    def close(self):
        self.is_closed = True


class FakeTransport(asyncio.Transport):
    """Notes what is done to it."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.calls = []
        self.protocol = None

    def write(self, data):
        self.written += bytes(data)

    def is_closing(self):
        return bool(self.calls)

    def close(self):
        self.calls.append("close")

    def abort(self):
        self.calls.append("abort")


class FakeTimer:
    """What `call_later` returns."""

    def __init__(self, callback):
        self.callback = callback
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True


class FakeLoop:
    """Keeps what is to be called soon, and what is to be called when a socket has room."""

    def __init__(self):
        self.soon = []
        self.writers = {}
        self.timers = []

    def add_writer(self, sock, callback):
        assert not sock.is_closed
        self.writers[sock] = callback

    def remove_writer(self, sock):
        del self.writers[sock]

    def have_room(self):
        """The sockets that are watched have room."""
        for callback in list(self.writers.values()):
            callback()

    def call_soon(self, callback, *arguments):
        self.soon.append((callback, arguments))

    def call_later(self, seconds, callback):
        """Its time has come when it is called; a handle that can be cancelled."""
        timer = FakeTimer(callback)
        self.timers.append(timer)
        return timer

    def run_soon(self):
        soon, self.soon = self.soon, []
        for callback, arguments in soon:
            callback(*arguments)


def make_context(clock=None):
    """What connections share, on a loop that does nothing by itself."""
    clock = clock or Clock()
    loop = FakeLoop()
    return HttpContext(loop, LoopTimer(loop, clock).timeline, Lease(FOREVER), clock)


class NotedExchange:
    """Keeps the outcome of one exchange: status, body, cookies … or a failure."""

    def __init__(self):
        self.outcomes = []
        self.errors = []
        self.received = self.begun = self.unsent = 0

    def on_response(self, head, data, offset, first_byte, ended, received):
        assert 0 < first_byte <= ended
        self.received = received
        self.outcomes.append((head.status, data[offset:], head.fields))

    def on_written(self, now):
        self.written = now

    def on_begun(self):
        self.begun += 1

    def on_unsent(self, count):
        assert not self.outcomes
        self.unsent = count

    def on_failure(self, failure, first_byte, received):
        self.received = received
        self.outcomes.append((failure.kind, failure.detail, failure.is_stale))
        self.errors.append(failure.error)


def connect(clock=None, sock=None):
    context = make_context(clock)
    connection = Http1Connection(context, GET.origin, sock or FakeSocket())
    transport = FakeTransport()
    transport.protocol = connection
    connection.connection_made(transport)
    return connection, transport, context


def exchange(request, pieces, ends=False):
    """Outcomes, bytes received and whether the connection serves on, when the response comes in `pieces`."""
    connection, transport, _ = connect()
    noted = NotedExchange()
    assert connection.send(request.wire, request, noted)
    for piece in pieces:
        if not transport.calls:
            connection.data_received(piece)
    if ends:
        if not transport.calls:
            connection.eof_received()
        connection.connection_lost(None)
    return noted.outcomes, connection.is_free


def bytewise(data):
    return [data[n : n + 1] for n in range(len(data))]


class Driver:
    """Runs fetches as a virtual user does; `wait` returns when one is over, and raises what it raised."""

    def __init__(self, dialer, cookies="per_user", connections="keep_alive"):
        self.client = HttpClient(dialer, self, cookies, connections)
        self._coroutine = None
        self._done = None
        self._error = None

    def resume(self, value=None):
        try:
            self._coroutine.send(value)
        except StopIteration:
            self._done.set()
        except Exception as error:
            self._error = error
            self._done.set()

    def begin(self, request, sample=None):
        """Start a fetch; `wait` waits for its end."""
        sample = sample or Sample()
        sample.reset(read_clock())
        self._done = asyncio.Event()
        self._coroutine = self.client.fetch(request, sample)
        self.resume()
        return sample

    @property
    def is_done(self):
        return self._done.is_set()

    async def wait(self, within_s=20):
        """Wait until it is over; raise what the fetch raised."""
        await asyncio.wait_for(self._done.wait(), within_s)
        error, self._error = self._error, None
        if error is not None:
            raise error

    async def fetch(self, *arguments, **options):
        """Fetch and wait; a Request, or what `build_request` takes."""
        request = arguments[0] if not isinstance(arguments[0], str) else build_request(*arguments, **options)
        sample = self.begin(request)
        await self.wait()
        return sample


@contextlib.contextmanager
def open_dialer(assets=None, lease=None, allowed=ANYWHERE):
    """A dialer on the running loop; a socket left open is an error."""
    loop = asyncio.get_running_loop()
    timer = LoopTimer(loop)
    dialer = Dialer(HttpContext(loop, timer.timeline, lease or Lease(FOREVER)), assets or {}, allowed)
    try:
        yield dialer
    finally:
        dialer.close()
        timer.close()


class Server:
    """Answers with what `script(request bytes, number)` returns: bytes, then whether to close; counts at parse time."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        self.accepted = 0
        self.ended = asyncio.Event()
        self.arrived = asyncio.Event()
        self.port = 0
        self.listener = None
        self.tasks = set()

    async def serve(self, reader, writer):
        self.accepted += 1
        self.tasks.add(asyncio.current_task())
        try:
            while request := await read_request(reader):
                self.requests.append(request)
                self.arrived.set()
                answer = self.script(request, len(self.requests))
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer is None:
                    break
                closes = isinstance(answer, tuple)
                writer.write(answer[0] if closes else answer)
                await writer.drain()
                if closes:
                    break
        except (ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass  # The client has gone, or the test is over.
        finally:
            self.ended.set()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                writer.close()


async def read_request(reader):
    """Head and body of the next request; b"" at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return head + (await reader.readexactly(int(lengths[0])) if lengths else b"")


@contextlib.asynccontextmanager
async def run_server(script: Callable, host="127.0.0.1", **options) -> AsyncIterator[Server]:
    """A scripted server on loopback."""
    server = Server(script)
    listener = await asyncio.start_server(server.serve, host, 0, **options)
    server.listener = listener
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in server.tasks:  # From Python 3.12 on a listener waits for those that are still answering.
            task.cancel()
        await asyncio.gather(*server.tasks, return_exceptions=True)
        await listener.wait_closed()


def answer(body=b"", status="200 OK", *fields):
    """A response with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body
