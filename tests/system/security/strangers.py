"""Peers of the master's port that mean harm, or know no better: what each sends, and how the master ends it."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import psutil
import trustme

from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity

TOKEN = "kT5_9dQ2-mB7xW1z-of-the-fleet"
WRONG_TOKEN = "another-token-of-another-fleet"
DEADLINE_S = 60
LIMITS = (("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0))
DAY = timedelta(days=1)


class Authority:
    """An authority, and certificates of a master at `address` and its agents, in `folder`."""

    def __init__(self, folder: Path, address: str = "127.0.0.1") -> None:
        self.folder = folder
        self._address = address
        self._authority = trustme.CA()
        self.ca = self._authority.cert_pem.bytes()
        self._write("ca.pem", self.ca)
        self._write("token", TOKEN.encode())

    def options(self, side: str) -> list[str]:
        """The options of a master or an agent: its certificate, the authority, the token."""
        identity = self.issue()
        self._write(f"{side}.pem", identity.cert or b"")
        self._write(f"{side}-key.pem", identity.key or b"")
        files = {"ca": "ca", "cert": side, "key": f"{side}-key"}
        named = [word for option, file in files.items() for word in (f"--tls-{option}", self._path(f"{file}.pem"))]
        return [*named, "--token-file", self._path("token")]

    def issue(self, start: timedelta = -DAY, end: timedelta = DAY) -> TlsIdentity:
        """A new certificate that is valid from `start` to `end` from now."""
        now = datetime.now(UTC)
        leaf = self._authority.issue_cert(self._address, not_before=now + start, not_after=now + end)
        return TlsIdentity(self.ca, leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())

    def context(self, identity: TlsIdentity | None) -> ssl.SSLContext:
        """A client's context that shows a certificate, or none."""
        context = ssl.create_default_context(cadata=self.ca.decode())
        context.set_alpn_protocols(["h2"])
        if identity is not None:
            both = self.folder / "shown.pem"
            both.write_bytes((identity.key or b"") + (identity.cert or b""))
            context.load_cert_chain(both)
        return context

    def _path(self, name: str) -> str:
        return str(self.folder / name)

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o600)


def answer_to(port: int, content: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """Send bytes, over TLS with a context, and wait until the master ends the connection; what it said."""
    heard = b""
    with ExitStack() as stack:
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S))
        with suppress(ConnectionError, ssl.SSLError):
            if context is not None:
                client = stack.enter_context(context.wrap_socket(client, server_hostname="127.0.0.1"))
            client.sendall(content)
            while part := client.recv(65_536):
                heard += part
    return heard


@contextmanager
def calling(port: int, identity: TlsIdentity | None) -> Iterator[Callable[..., grpc.StatusCode]]:
    """A gRPC client, plain without an identity; calling it sends raw messages to Session, and gives the status."""
    target = f"127.0.0.1:{port}"
    if identity is None:
        channel = grpc.insecure_channel(target, options=LIMITS)
    else:
        credentials = grpc.ssl_channel_credentials(identity.ca, identity.key, identity.cert)
        channel = grpc.secure_channel(target, credentials, options=LIMITS)

    def call(token: str, messages: Sequence[bytes], more: Sequence[tuple[str, str]] = ()) -> grpc.StatusCode:
        metadata = [*FleetSecurity(token).metadata, *more]
        session = channel.stream_stream("/gradual.v1.Fleet/Session", request_serializer=bytes)
        answers: Any = session(iter(messages), metadata=metadata, timeout=DEADLINE_S)
        with suppress(grpc.RpcError):
            for _ in answers:
                pass
        code: grpc.StatusCode = answers.code()
        return code

    with channel:
        yield call


@contextmanager
def idle_connections(port: int, number: int) -> Iterator[list[socket.socket]]:
    """Connections that say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(number)]


def hello_bytes(context: ssl.SSLContext) -> bytes:
    """The first message of a TLS client."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="127.0.0.1").do_handshake()
    return outgoing.read()


def shake_hands_slowly(peers: Sequence[socket.socket], hello: bytes, pause_s: float = 0.1) -> int:
    """Send a byte of a Hello on each connection now and then; how many bytes, when the master has closed them all."""
    living = {peer.fileno(): peer for peer in peers}
    for peer in peers:
        peer.setblocking(False)
    for index in range(len(hello) - 1):
        for number, peer in list(living.items()):
            try:
                peer.send(hello[index : index + 1])
                if peer.recv(1) == b"":
                    del living[number]
            except BlockingIOError:
                pass
            except ConnectionError:
                del living[number]
        if not living:
            return index
        time.sleep(pause_s)
    raise AssertionError(f"{len(living)} connections are still open after {len(hello)} slow bytes")


def open_and_reset(port: int, number: int, content: bytes = b"") -> None:
    """Connections that are reset as soon as they are open."""
    for _ in range(number):
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.sendall(content)


def files_of(pid: int) -> int:
    """How many file descriptors a process has."""
    return int(psutil.Process(pid).num_fds())


def memory_of(pid: int) -> int:
    """The resident memory of a process, MiB."""
    return int(psutil.Process(pid).memory_info().rss >> 20)
