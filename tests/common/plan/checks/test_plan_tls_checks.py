"""TLS files that cannot be used are mistakes of the plan, with the place that names them."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as forms
from plan_samples import load, mistakes, small

from gradual_common.net.tls import Tls, merge_tls
from gradual_common.plan.model.plan import Plan

AUTHORITY = trustme.CA()
CLIENT = AUTHORITY.issue_cert("agent@example.org")
KEY = CLIENT.private_key_pem.bytes()
ENCRYPTED = forms.load_pem_private_key(KEY, None).private_bytes(
    forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.BestAvailableEncryption(b"hunter2")
)
FILES = {
    "ca.pem": AUTHORITY.cert_pem.bytes(),
    "c.pem": CLIENT.cert_chain_pems[0].bytes(),
    "k.pem": KEY,
    "locked.pem": ENCRYPTED,
    "both.pem": CLIENT.cert_chain_pems[0].bytes() + ENCRYPTED,
    "other.pem": AUTHORITY.issue_cert("other@example.org").private_key_pem.bytes(),
    "text.pem": "Főtanúsítvány".encode(),
}


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config__tls": {"ca": "text.pem"}}, "config.tls.ca: text.pem: it holds no certificate in PEM or DER"),
        ({"actions__look__tls": {"ca": "k.pem"}}, "actions.look.tls.ca: k.pem: it holds no certificate"),
        ({"config__tls": {"cert": "c.pem"}}, "config.tls.cert: c.pem: it holds no private key"),
        ({"config__tls": {"cert": "text.pem", "key": "k.pem"}}, "config.tls.cert: text.pem: it holds no certificate"),
        ({"config__tls": {"cert": "c.pem", "key": "text.pem"}}, "config.tls.key: text.pem: it holds no private key"),
        ({"config__tls": {"cert": "c.pem", "key": "other.pem"}}, "config.tls.key: other.pem: it is not the key of the"),
        ({"config__tls": {"cert": "c.pem", "key": "locked.pem"}}, "config.tls.key: locked.pem: the key is encrypted"),
        ({"config__tls": {"cert": "both.pem"}}, "config.tls.cert: both.pem: the key is encrypted; add tls.passphrase"),
        (
            {"config__tls": {"cert": "c.pem", "key": "locked.pem", "passphrase": "wrong"}},
            "config.tls.passphrase: it does not open the key",
        ),
        (
            {"config__tls": {"cert": "c.pem", "key": "locked.pem", "passphrase": "{{ secrets.PAS }}"}},
            "config.tls.passphrase: there is no secret 'PAS'; did you mean 'PASS'?",
        ),
        (
            {"config__tls": {"cert": "c.pem", "key": "locked.pem", "passphrase": "x{{ vu.slot }}"}},
            "config.tls.passphrase: a secret is the only template that is allowed here",
        ),
        (
            {"config__tls": {"cert": "c.pem", "key": "k.pem"}, "actions__look__tls": {"cert": "text.pem"}},
            "actions.look.tls.cert: text.pem: it holds no certificate",
        ),
        (
            {"config__tls": {"cert": "c.pem", "key": "other.pem", "verify": False}},
            "config.tls.key: other.pem: it is not the key",
        ),
        ({"config__tls": {"server_name": "a b"}}, "config.tls.server_name: 'a b' is not the name of a server"),
        ({"actions__look__tls": {"server_name": ""}}, "actions.look.tls.server_name: '' is not the name of a server"),
    ],
)
def test_what_cannot_be_used_is_a_mistake_at_its_place(changes: dict[str, Any], message: str, folder: Path) -> None:
    plan = small(**changes, secrets={"PASS": {"env": "PASS"}})
    found = mistakes(plan, environ={"PASS": "hunter2"}, folder=folder)
    assert len(found) == 1, found
    assert message in found[0]
    assert "hunter2" not in found[0]


def test_a_secret_that_cannot_be_read_is_reported_once(folder: Path) -> None:
    tls = {"cert": "c.pem", "key": "locked.pem", "passphrase": "{{secrets.PASS}}"}
    found = mistakes(small(config__tls=tls, secrets={"PASS": {"env": "PASS"}}), folder=folder)
    assert len(found) == 1, found
    assert "secrets.PASS.env: the variable that is named here is not set" in found[0]


@pytest.mark.parametrize(
    "tls",
    [
        {"cert": "c.pem", "key": "locked.pem", "passphrase": "hunter2"},
        {"cert": "c.pem", "key": "locked.pem", "passphrase": "{{ secrets.PASS }}"},
        {"cert": "both.pem", "passphrase": "${PASS}"},
        {"cert": "c.pem", "key": "k.pem", "passphrase": "needless"},
    ],
)
def test_agents_get_the_key_without_its_passphrase(tls: dict[str, Any], folder: Path) -> None:
    plan = small(config__tls=tls, secrets={"PASS": {"env": "PASS"}})
    loaded = load(plan, environ={"PASS": "hunter2"}, folder=folder)
    assert b"ENCRYPTED" not in b"".join(loaded.job.assets.values())
    assert settings_of(loaded.plan) == {loaded.plan.config.tls}


def test_an_action_says_what_is_different(folder: Path) -> None:
    plan = load(small(config__tls={"ca": "ca.pem"}, actions__look__tls={"verify": False}), folder=folder).plan
    own = merge_tls(plan.config.tls, plan.actions["look"].tls)
    assert (own.ca, own.verify) == ("ca.pem", False)
    assert settings_of(plan) == {plan.config.tls, own}


def settings_of(plan: Plan) -> set[Tls]:
    return {merge_tls(plan.config.tls, spec.tls) for spec in plan.actions.values()}
