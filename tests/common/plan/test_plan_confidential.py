"""What authenticates is found wherever a plan holds it, and named; what does not is let through."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from plan_samples import load, small

from gradual_common.plan.confidential import first_confidential

CLIENT = trustme.CA().issue_cert("agent@example.org")
CHAIN, KEY = CLIENT.cert_chain_pems[0].bytes(), CLIENT.private_key_pem.bytes()


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    for name, content in {"c.pem": CHAIN, "k.pem": KEY, "both.pem": CHAIN + KEY}.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "entry"),
    [
        ({"secrets": {"KEY": {"env": "KEY"}}}, "secrets"),
        ({"config__tls": {"cert": "c.pem", "key": "k.pem"}}, "config.tls.key"),
        ({"actions__look__tls": {"cert": "c.pem", "key": "k.pem"}}, "actions.look.tls.key"),
        ({"actions__look__tls": {"cert": "both.pem"}}, "actions.look.tls.cert"),
        (
            {
                "config__tls": {"cert": "c.pem", "key": "k.pem", "passphrase": "hunter2"},
                "config__base_url": "http://a:b@h",
            },
            "config.base_url",
        ),
        ({"config__tls": {"passphrase": "hunter2"}}, "config.tls.passphrase"),
        ({"actions__look__url": "http://me:hunter2@h/"}, "actions.look.url"),
        ({"actions__look__url": "/x?api_key=hunter2"}, "actions.look.url"),
        ({"config__headers": {"Authorization": "Bearer hunter2"}}, "config.headers.Authorization"),
        ({"actions__look__headers": {"Cookie": "a=1; sid=hunter2"}}, "actions.look.headers.Cookie"),
        ({"actions__look__headers": {"X-Api-Key": "hunter2"}}, "actions.look.headers.X-Api-Key"),
        ({"actions__look__query": {"token": "hunter2"}}, "actions.look.query.token"),
        ({"actions__post__body": {"user": {"password": "hunter2"}}}, "actions.post.body.user.password"),
        ({"actions__post__body": [{"password": ["hunter2"]}]}, "actions.post.body[0].password"),
        ({"actions__post__body": '{"password": "hunter2"}'}, "actions.post.body"),
        ({"actions__post__form": {"pin": 1234}, "actions__post__body": None}, "actions.post.form.pin"),
        ({"actions__look__headers": {"Authorization": "Bearer {{ 'hunter2' }}"}}, "actions.look.headers.Authorization"),
    ],
)
def test_what_authenticates_is_named(changes: dict[str, Any], entry: str, folder: Path) -> None:
    loaded = load(small(**changes), environ={"KEY": "s3cret"}, folder=folder)
    assert first_confidential(loaded.job) == entry


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"config__tls": {"ca": "c.pem", "cert": None, "verify": False}},
        {"actions__look__headers": {"Authorization": "Bearer {{vu.slot}}", "X-Trace": "hunter2"}},
        {"actions__post__body": {"username": "{{vu.slot}}", "password": "{{vu.slot}}"}},
        {"actions__look__extract": {"token": "json: data.token"}},
        {"actions__look__assertions": [{"json": {"path": "data.token", "==": "hunter2"}}]},
        {"config__name": "token=1 password reset"},
    ],
)
def test_what_does_not_is_let_through(changes: dict[str, Any], folder: Path) -> None:
    assert first_confidential(load(small(**changes), folder=folder).job) == ""
