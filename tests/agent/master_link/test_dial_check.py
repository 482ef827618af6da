"""Each reason why a master cannot be reached over TLS, against gRPC's own server."""

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
import trustme

from gradual_agent.master_link.dial_check import explain_dial
from gradual_agent.master_link.endpoint import MasterEndpoint
from gradual_common.security.identity import TlsIdentity
from gradual_common.security.security import FleetSecurity

CA, OTHER_CA = trustme.CA(), trustme.CA()
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


def identity(
    name: str = "127.0.0.1", signer: trustme.CA = CA, trusted: trustme.CA | None = CA, **times: datetime
) -> TlsIdentity:
    leaf = signer.issue_cert(name, **times)
    return TlsIdentity(
        None if trusted is None else trusted.cert_pem.bytes(),
        leaf.cert_chain_pems[0].bytes(),
        leaf.private_key_pem.bytes(),
    )


@asynccontextmanager
async def listening(shown: TlsIdentity | None, *, asks: bool = False) -> AsyncIterator[str]:
    """A gRPC server without services; `asks` for the certificate of a client."""
    server: Any = grpc.aio.server()
    if shown is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        pair = [(shown.key, shown.cert)]
        credentials = grpc.ssl_server_credentials(pair, shown.ca if asks else None, require_client_auth=asks)
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


AGENT = identity("agent")
REASONS: list[tuple[str, TlsIdentity | None, bool, TlsIdentity, str]] = [
    ("all is right", identity(), True, AGENT, ""),
    ("another authority", identity(signer=OTHER_CA), False, AGENT, "signed by another authority than that of --tls-ca"),
    ("expired", identity(not_before=NOW - 9 * DAY, not_after=NOW - DAY), False, AGENT, "has expired: renew it"),
    ("too early", identity(not_before=NOW + DAY, not_after=NOW + 9 * DAY), False, AGENT, "compare the clocks"),
    ("another name", identity("master.example"), False, AGENT, "not for 127.0.0.1.*--tls-server-name NAME"),
    ("a plain master", None, False, AGENT, "the master speaks plaintext"),
    ("a plain agent", identity(), False, TlsIdentity(), "the master speaks TLS: add --tls-ca FILE"),
    ("a plain agent, asked for a certificate", identity(), True, TlsIdentity(), "the master speaks TLS"),
    ("both are plain", None, False, TlsIdentity(), ""),
    ("no certificate", identity(), True, TlsIdentity(CA.cert_pem.bytes()), "wants a certificate of this agent"),
    ("one of another authority", identity(), True, identity("agent", OTHER_CA), "is signed by another authority"),
    ("an expired one", identity(), True, identity("agent", not_before=NOW - 9 * DAY, not_after=NOW - DAY),
     "the master refuses this agent's certificate: it has expired"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "shown", "asks", "own", "expected"), REASONS, ids=[reason for reason, *_ in REASONS]
)
async def test_the_reason_is_named(
    reason: str, shown: TlsIdentity | None, asks: bool, own: TlsIdentity, expected: str
) -> None:
    async with listening(shown, asks=asks) as target:
        found = await explain_dial(MasterEndpoint(target, FleetSecurity("", own)))
    if expected:
        assert re.search(expected, found), found
    else:
        assert found == ""


async def test_the_name_in_the_certificate_can_be_given() -> None:
    async with listening(identity("master.example")) as target:
        assert await explain_dial(MasterEndpoint(target, FleetSecurity("", AGENT, "master.example"))) == ""


async def test_where_nothing_listens_grpc_says_it() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{free.getsockname()[1]}"
    assert await explain_dial(MasterEndpoint(target, FleetSecurity("", AGENT))) == ""


async def test_a_server_that_never_answers_is_waited_for_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradual_agent.master_link.dial_check.TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        assert await explain_dial(MasterEndpoint(target, FleetSecurity("", AGENT))) == ""
