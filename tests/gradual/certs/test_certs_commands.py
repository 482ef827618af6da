"""What the commands write and say: the next commands are exact, and no secret is among them."""

import pytest

from gradual.certs.commands import agent, init, master, token
from gradual.certs.issuing import hosts_of
from gradual.errors import CertsRefusedError


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "my certs"
    init(folder, ["judge.example", "fd00::5"], 30, force=False)
    return folder


def secrets_in(folder):
    """Every line of a key's body, and the token."""
    keys = [path.read_text().splitlines()[1:-1] for path in folder.glob("*-key.pem")]
    return [(folder / "token").read_text().strip(), *(line for lines in keys for line in lines)]


def test_init_makes_the_five_files_and_says_the_next_commands(tmp_path):
    folder = tmp_path / "my certs"
    text = "\n".join(init(folder, ["judge.example"], 365, force=False))
    names = {"ca.pem", "ca-key.pem", "master.pem", "master-key.pem", "token"}
    assert {path.name for path in folder.iterdir()} == names
    assert f"gradual certs agent '{folder}' NAME" in text
    assert (
        f"scp -p '{folder}/ca.pem' '{folder}/master.pem' '{folder}/master-key.pem' '{folder}/token' judge.exa" in text
    )
    assert "gradual-master run plan.yaml --listen 0.0.0.0:7700 --expect-agents N --tls-cert gradual-certs/mas" in text
    assert "--tls-ca gradual-certs/ca.pem --token-file gradual-certs/token" in text
    assert [secret for secret in secrets_in(folder) if secret in text] == []


def test_a_certificate_for_one_host_only_is_said(tmp_path):
    text = "\n".join(init(tmp_path / "certs", [], 365, force=False))
    assert "give --host, such as --host judge.example" in text
    assert "MASTER-HOST" in text


def test_a_wrong_host_leaves_no_folder(tmp_path):
    with pytest.raises(CertsRefusedError, match="--host 'judge:7700' has a port"):
        init(tmp_path / "certs", ["judge:7700"], 365, force=False)
    assert list(tmp_path.iterdir()) == []


def test_agent_adds_two_files_and_says_the_agents_command(made):
    text = "\n".join(agent(made, "a1", 365, force=False))
    assert (made / "a1.pem").exists()
    assert (made / "a1-key.pem").stat().st_mode & 0o077 == 0
    assert "gradual-agent --master judge.example:7700 --processes auto --tls-ca gradual-certs/ca.pem" in text
    assert "--tls-cert gradual-certs/a1.pem --tls-key gradual-certs/a1-key.pem --token-file gradual-certs/token" in text
    assert "ca-key" not in text
    assert [secret for secret in secrets_in(made) if secret in text] == []


def test_an_agents_files_are_replaced_only_when_forced(made):
    agent(made, "a1", 365, force=False)
    before = (made / "a1.pem").read_bytes()
    with pytest.raises(CertsRefusedError, match=r"a1\.pem, a1-key\.pem already"):
        agent(made, "a1", 365, force=False)
    assert (made / "a1.pem").read_bytes() == before
    agent(made, "a1", 365, force=True)
    assert (made / "a1.pem").read_bytes() != before


def test_a_master_at_an_ipv6_address_has_brackets_in_commands(tmp_path):
    text = "\n".join(init(tmp_path / "c", ["fd00::5"], 30, force=False))
    assert "[fd00::5]:gradual-certs/" in text
    assert "--master [fd00::5]:7700" in "\n".join(agent(tmp_path / "c", "a1", 30, force=False))


def test_agent_works_where_the_masters_certificate_is_not(made):
    (made / "master.pem").unlink()
    assert "--master MASTER-HOST:7700" in "\n".join(agent(made, "a1", 30, force=False))


def test_a_masters_certificate_that_is_none_is_named(made):
    (made / "master.pem").write_text("nonsense")
    with pytest.raises(CertsRefusedError, match=r"master\.pem is not a master's certificate: move it away"):
        master(made, [], 30, force=True)


def test_a_forced_init_names_the_agents_that_need_new_certificates(made):
    agent(made, "a1", 365, force=False)
    text = "\n".join(init(made, ["judge.example"], 365, force=True))
    assert f"gradual certs agent '{made}' a1 --force" in text


def test_master_keeps_the_authority_the_token_and_without_hosts_the_names(made):
    kept = {name: (made / name).read_bytes() for name in ("ca.pem", "ca-key.pem", "token")}
    before = (made / "master.pem").read_bytes()
    master(made, [], 365, force=True)
    assert (made / "master.pem").read_bytes() != before
    assert hosts_of((made / "master.pem").read_bytes()) == hosts_of(before)
    master(made, ["new.example"], 365, force=True)
    assert hosts_of((made / "master.pem").read_bytes()) == ["new.example", "localhost", "127.0.0.1", "::1"]
    assert {name: (made / name).read_bytes() for name in kept} == kept


def test_a_refused_authority_names_its_folder(made, tmp_path):
    init(tmp_path / "other", [], 30, force=False)
    (tmp_path / "other/ca-key.pem").rename(made / "ca-key.pem")
    with pytest.raises(CertsRefusedError, match=f"{made}: ca-key.pem is not the key of ca.pem"):
        agent(made, "a1", 30, force=False)
    assert not (made / "a1.pem").exists()


def test_token_writes_a_new_one_and_does_not_say_it(tmp_path):
    file = tmp_path / "token"
    text = "\n".join(token(file, force=False))
    first = file.read_text()
    assert first.strip() not in text
    assert f"--token-file {file}" in text
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CertsRefusedError, match="--force"):
        token(file, force=False)
    token(file, force=True)
    assert file.read_text() != first
    with pytest.raises(CertsRefusedError, match="is a folder: name a file"):
        token(tmp_path, force=False)
