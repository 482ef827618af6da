"""The plans of the page on authentication: each request is verified by a server that knows the key."""

import hashlib
import hmac
import shutil
from pathlib import Path
from typing import Any

import jwt
import yaml
from docs_blocks import BLOCKS, ROOT
from fleet_processes import Fleet
from made_keys import pem, public_pem, rsa_key
from verifying_server import Received, VerifyingServer, verifying_server

KEY = "a key that both sides know"
USERS, TIMES = 3, 4


def is_signed(request: Received) -> bool:
    canonical = "\n".join(
        (request.method, request.target, request.headers["X-Timestamp"], hashlib.sha256(request.body).hexdigest())
    )
    expected = hmac.new(KEY.encode(), canonical.encode(), "sha256").hexdigest()
    return hmac.compare_digest(expected, request.headers["X-Signature"])


def has_token(request: Received) -> bool:
    claims = claims_of(request)
    return claims["exp"] - claims["iat"] == 600 and request.target == "/api/account"


def claims_of(request: Received) -> dict[str, Any]:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token)["kid"] == "test"
    claims: dict[str, Any] = jwt.decode(token, public_pem(rsa_key()), algorithms=["RS256"])
    return claims


def run(fleet: Fleet, folder: Path, plan_name: str, server: VerifyingServer) -> Any:
    """The plan of the page with this name, with a few users and iterations."""
    plans = [yaml.safe_load(b.text) for b in BLOCKS if b.page.name == "authentication.md" and b.language == "yaml"]
    (plan,) = [plan for plan in plans if plan["config"]["name"] == plan_name]
    plan["config"] |= {"duration": "60s", "base_url": server.url}
    plan["users"][0] |= {"concurrency": USERS, "iterations": TIMES}
    plan["users"][0]["behavior"][-1]["think_time"] = 0
    (folder / "signing.key").write_text(KEY)
    (folder / "jwt.pem").write_text(pem(rsa_key()))
    shutil.copy(ROOT / "examples/users.csv", folder)
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(plan, sort_keys=False))
    outcome = fleet.run(path, 1)
    assert outcome.code == 0, outcome.output[-4000:]
    return outcome


def test_the_canonical_string_of_the_page_is_signed_as_a_server_verifies_it(fleet: Fleet, tmp_path: Path) -> None:
    with verifying_server(is_signed) as server:
        run(fleet, tmp_path, "Signed orders", server)
        assert (len(server.accepted), server.refused) == (USERS * TIMES, [])
        assert {request.target for request in server.accepted} == {"/api/orders"}


def test_the_tokens_of_the_page_are_verified_by_a_library(fleet: Fleet, tmp_path: Path) -> None:
    with verifying_server(has_token) as server:
        outcome = run(fleet, tmp_path, "Own tokens", server)
        assert (len(server.accepted), server.refused) == (USERS * TIMES, [])
        names = {claims_of(request)["sub"] for request in server.accepted}
        tokens = {request.headers["Authorization"] for request in server.accepted}
        assert len(names) == len(tokens) == USERS, "each user has one, and makes it once"
        assert not any(token.removeprefix("Bearer ") in outcome.output for token in tokens)
