"""Keys of signatures: a secret that cannot sign is a mistake of the plan, and no message shows a key."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from made_keys import pem, public_pem, rsa_key
from plan_samples import load, mistakes, small

from gradual_common.plan.confidential import first_confidential


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path) -> Path:
    (tmp_path / "rsa.pem").write_text(pem(rsa_key()))
    (tmp_path / "public.pem").write_text(public_pem(rsa_key()))
    (tmp_path / "locked.pem").write_text(pem(rsa_key(), BestAvailableEncryption(b"hunter2")))
    (tmp_path / "text.pem").write_text("hunter2hunter2")
    return tmp_path


def signed(template: str, file: str = "rsa.pem") -> dict[str, object]:
    return small(secrets={"KEY": {"file": file}}, actions__look__headers={"X-Token": template})


def test_a_secret_that_is_a_key_for_its_algorithm_is_no_mistake(folder: Path) -> None:
    loaded = load(signed("{{ jwt({'sub': 'a'}, secrets.KEY, 'RS256') }}"), folder=folder)
    assert loaded.job.secrets == {"KEY": pem(rsa_key()).rstrip()}
    load(signed("{{ jwt({'sub': 'a'}, secrets.KEY) }}", "text.pem"), folder=folder)


@pytest.mark.parametrize(
    ("file", "arguments", "message"),
    [
        ("text.pem", "secrets.KEY, 'RS256'", "secrets.KEY: jwt: RS256 signs with an RSA key, a private one in PEM"),
        (
            "public.pem",
            "secrets.KEY, 'RS256'",
            "secrets.KEY: jwt: RS256 signs with a private key, and this one is public",
        ),
        ("locked.pem", "secrets['KEY'], 'PS256'", "secrets.KEY: jwt: the key for PS256 is encrypted; decrypt it"),
        ("rsa.pem", "secrets.KEY, 'ES256'", "secrets.KEY: jwt: ES256 signs with an EC key on P-256"),
        ("rsa.pem", "secrets.KEY", "secrets.KEY: jwt: HS256 signs with a shared secret"),
    ],
)
def test_a_secret_that_cannot_sign_is_a_mistake(folder: Path, file: str, arguments: str, message: str) -> None:
    found = mistakes(signed(f"{{{{ jwt({{'sub': 'a'}}, {arguments}) }}}}", file), folder=folder)
    assert [text for text in found if "actions.look.headers.X-Token" in text and message in text], found
    assert not any("hunter2" in text for text in found)


@pytest.mark.parametrize(
    "template",
    ["{{ 'x' | hmac('hunter2-key', 'sha265') }}", "{{ (row.number ~ row.other ~ 'xxxxxx') | hmac('hunter2-key') }}"],
)
def test_a_key_within_a_template_is_not_shown_by_the_message_about_it(folder: Path, template: str) -> None:
    found = mistakes(signed(template), folder=folder)
    assert found
    assert not any("hunter" in text for text in found), found


def test_a_key_within_a_template_is_masked_in_the_run(folder: Path) -> None:
    job = load(signed("{{ 'x' | hmac('hunter2-key') }} {{ jwt({}, 'hunter3-key') }}"), folder=folder).job
    assert {"hunter2-key", "hunter3-key"} <= set(job.credentials)


def test_a_key_within_a_template_is_confidential_wherever_it_is() -> None:
    plan = small(users__0__behavior=[{"set": {"sum": "{{ 'x' | hmac('hunter2-key') }}"}}, {"action": "look"}])
    assert first_confidential(load(plan).job) == "users.a.behavior[0].set.sum"
    assert first_confidential(load(small(actions__look__url="/{{ 'x' | hmac(vu.group) }}")).job) == ""
