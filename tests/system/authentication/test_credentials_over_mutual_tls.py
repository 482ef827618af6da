"""Credentials and a client certificate: both arrive together, and without the certificate no credentials do."""

import ssl
from base64 import b64encode
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import trustme
from certified_system import OPEN_TOKEN, CertifiedSystem
from fleet_processes import Fleet, Outcome
from small_server import serving

USERS, ITERATIONS = 3, 4
NUMBER = USERS * ITERATIONS
CLIENT = "agent@bank.example"
BEARER, PASSWORD, SECRET = "a-token-of-the-plan", "open-sesame", "the-client-secret"
BASIC = "Basic " + b64encode(f"amy:{PASSWORD}".encode()).decode()
OF_CLIENT = "Basic " + b64encode(f"load:{SECRET}".encode()).decode()

AUTHORITY = trustme.CA()
OTHER_AUTHORITY = trustme.CA()


def server_context(newest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = newest
    return context


def identity(folder: Path, authority: trustme.CA) -> dict[str, str]:
    """The settings for a certificate of this authority; its files are beside the plan."""
    made = authority.issue_cert(CLIENT)
    made.cert_chain_pems[0].write_to_path(folder / "client.pem")
    made.private_key_pem.write_to_path(folder / "client.key")
    return {"cert": "client.pem", "key": "client.key"}


def plan(system: CertifiedSystem, folder: Path, of_all: dict[str, str], of_each: dict[str, str]) -> dict[str, Any]:
    """One service for each scheme; `of_all` is the `tls` of `config`, `of_each` that of the services."""
    AUTHORITY.cert_pem.write_to_path(folder / "ca.pem")
    login = {"token_url": f"{system.address}/token", "client_id": "load", "client_secret": SECRET}
    schemes: dict[str, dict[str, Any]] = {
        "bearer": {"bearer": BEARER},
        "basic": {"basic": {"username": "amy", "password": PASSWORD}},
        "oauth2": {"oauth2": login},
    }
    return {
        "config": {
            "name": "mutual",
            "base_url": system.address,
            "duration": "60s",
            "tls": {"ca": "ca.pem", **of_all},
        },
        "services": {name: {"auth": auth, **({"tls": of_each} if of_each else {})} for name, auth in schemes.items()},
        "users": [{"name": "user", "concurrency": USERS, "behavior": list(schemes), "iterations": ITERATIONS}],
        "actions": {name: {"service": name, "url": f"/{name}"} for name in schemes},
        "thresholds": [],
    }


def failures(outcome: Outcome) -> dict[str, set[tuple[str, str]]]:
    """Of each action the kinds and labels of its failures."""
    assert outcome.summary is not None, outcome.output[-4000:]
    found: dict[str, set[tuple[str, str]]] = {}
    for row in outcome.summary["errors"]:
        found.setdefault(row["action"], set()).add((row["kind"], row["label"]))
    return found


@pytest.mark.parametrize("is_of_all", [True, False], ids=["tls of config", "tls of each service"])
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_credentials_arrive_with_the_certificate(
    fleet: Fleet, tmp_path: Path, newest: ssl.TLSVersion, is_of_all: bool
) -> None:
    own = identity(tmp_path, AUTHORITY)
    with serving(CertifiedSystem(server_context(newest))) as system:
        outcome = fleet.run(plan(system, tmp_path, own if is_of_all else {}, {} if is_of_all else own), 2)
    assert outcome.code == 0, outcome.output[-4000:]
    assert outcome.summary is not None
    assert {each.client for each in system.received} == {CLIENT}
    assert Counter((each.path, each.authorization) for each in system.received) == {
        ("/bearer", f"Bearer {BEARER}"): NUMBER,
        ("/basic", BASIC): NUMBER,
        ("/oauth2", f"Bearer {OPEN_TOKEN}"): NUMBER,
        ("/token", OF_CLIENT): 2,
    }
    totals = outcome.summary["totals"]
    assert (totals["requests"], totals["failures"], totals["auth_sent"]) == (3 * NUMBER, 0, 2)
    assert totals["sent"] == len(system.received)
    assert not any(secret in outcome.output for secret in (BEARER, PASSWORD, SECRET, OPEN_TOKEN))


@pytest.mark.parametrize("has_certificate", [True, False], ids=["of a stranger", "none"])
def test_without_the_right_certificate_nothing_is_sent(fleet: Fleet, tmp_path: Path, has_certificate: bool) -> None:
    """With TLS 1.2 the server says so before the handshake is complete."""
    wrong = identity(tmp_path, OTHER_AUTHORITY) if has_certificate else {}
    with serving(CertifiedSystem(server_context(ssl.TLSVersion.TLSv1_2))) as system:
        outcome = fleet.run(plan(system, tmp_path, wrong, {}), 1)
    kinds = failures(outcome)
    assert {action: {kind for kind, _ in found} for action, found in kinds.items()} == {
        "bearer": {"tls"},
        "basic": {"tls"},
        "oauth2": {"token"},
    }
    assert {label for _, label in kinds["oauth2"]} == {"TLS with the token endpoint failed"}
    assert outcome.summary is not None
    totals = outcome.summary["totals"]
    assert (totals["requests"], totals["failures"], totals["unsent"]) == (3 * NUMBER,) * 3
    assert (totals["sent"], totals["bytes_sent"], system.received) == (0, 0, [])
    assert system.refused_handshakes > 0


@pytest.mark.parametrize("has_certificate", [True, False], ids=["of a stranger", "none"])
def test_with_tls_1_3_the_refusal_follows_the_handshake_and_no_credentials_arrive(
    fleet: Fleet, tmp_path: Path, has_certificate: bool
) -> None:
    """The client is done before the server has looked at its certificate (RFC 8446, 4.4.2.4): it may have written."""
    wrong = identity(tmp_path, OTHER_AUTHORITY) if has_certificate else {}
    with serving(CertifiedSystem(server_context(ssl.TLSVersion.TLSv1_3))) as system:
        outcome = fleet.run(plan(system, tmp_path, wrong, {}), 1)
    kinds = failures(outcome)
    assert {kind for action in ("bearer", "basic") for kind, _ in kinds[action]} <= {"tls", "reset"}
    assert {kind for kind, _ in kinds["oauth2"]} == {"token"}
    assert outcome.summary is not None
    totals = outcome.summary["totals"]
    assert (totals["requests"], totals["failures"]) == (3 * NUMBER,) * 2
    assert system.received == []
    assert system.refused_handshakes > 0
