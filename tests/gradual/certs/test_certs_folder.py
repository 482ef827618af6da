"""Files appear all together or not at all, are private from the start, and replace others only when forced."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gradual.certs import folder as folder_module
from gradual.certs.folder import (
    PRIVATE,
    PUBLIC,
    NewFile,
    agents_in,
    pair_of,
    read_authority,
    token_file,
    write_files,
    write_into_new,
)
from gradual.certs.issuing import issue_agent, make_authority
from gradual.errors import CertsRefusedError

SET = {"a": NewFile(b"new a", PUBLIC), "b-key": NewFile(b"new b", PRIVATE), "c": NewFile(b"new c", PRIVATE)}


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_its_secrets_are_for_the_owner_only(tmp_path):
    made = tmp_path / "certs"
    write_into_new(made, SET, force=False)
    assert mode(made) == 0o700
    assert {path.name: mode(path) & 0o077 for path in made.iterdir() if path.name != "a"} == {"b-key": 0, "c": 0}
    assert held(made) == {name: file.content for name, file in SET.items()}


def test_a_secret_is_private_from_the_moment_it_exists(tmp_path, monkeypatch):
    seen = {}
    real = os.open

    def watching(path, flags, *mode_given):
        descriptor = real(path, flags, *mode_given)
        if flags & os.O_CREAT:
            seen[str(path)] = (stat.S_IMODE(os.fstat(descriptor).st_mode), os.fstat(descriptor).st_size)
        return descriptor

    monkeypatch.setattr(os, "open", watching)
    earlier = os.umask(0)
    try:
        write_files(tmp_path, SET, force=False)
    finally:
        os.umask(earlier)
    assert [seen[path] for path in seen] == [(PUBLIC, 0), (PRIVATE, 0), (PRIVATE, 0)]


def test_existing_files_are_named_and_stay(tmp_path):
    (tmp_path / "c").write_bytes(b"precious")
    with pytest.raises(CertsRefusedError, match=r"holds c already: .*--force"):
        write_files(tmp_path, SET, force=False)
    assert held(tmp_path) == {"c": b"precious"}


def test_a_dangling_link_is_an_existing_file_and_a_forced_write_replaces_the_link_only(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "c").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CertsRefusedError, match="holds c already"):
        write_files(tmp_path, SET, force=False)
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    write_files(tmp_path, SET, force=True)
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


@pytest.mark.parametrize("step", range(1, 7))
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("method", ["fsync", "rename"])
def test_after_a_failure_at_any_step_everything_is_as_before(tmp_path, monkeypatch, step, failure, method):
    """The first write is 3 flushes and then 3 or 6 renames: with old files each place has two."""
    before = {name: b"old " + name.encode() for name in SET}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    calls = []
    owner = os if method == "fsync" else folder_module.Path
    real = getattr(owner, method)

    def failing(*words):
        calls.append(words)
        if len(calls) == step:
            raise failure
        return real(*words)

    monkeypatch.setattr(owner, method, failing)
    if method == "fsync" and step > len(SET):
        write_files(tmp_path, SET, force=True)
        assert held(tmp_path) == {name: file.content for name, file in SET.items()}
        return
    with pytest.raises(CertsRefusedError if isinstance(failure, OSError) else KeyboardInterrupt):
        write_files(tmp_path, SET, force=True)
    assert held(tmp_path) == before


def test_a_folder_that_was_made_for_nothing_is_removed(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CertsRefusedError, match="No space left on device; choose a folder"):
        write_into_new(tmp_path / "certs", SET, force=False)
    assert list(tmp_path.iterdir()) == []


def test_of_commands_at_the_same_time_one_writes_its_whole_set(tmp_path):
    def attempt(number):
        files = {name: NewFile(f"{number}".encode(), PRIVATE) for name in SET}
        try:
            write_into_new(tmp_path / "certs", files, force=False)
        except CertsRefusedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
    assert len(set(held(tmp_path / "certs").values())) == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("file", "is a file, not a folder"),
        ("file/certs", "cannot make .*Not a directory"),
        ("nowhere/certs", "nowhere is not there; make that folder first"),
    ],
)
def test_a_folder_that_cannot_be_made_is_named(tmp_path, name, message):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CertsRefusedError, match=message):
        write_into_new(tmp_path / name, SET, force=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CertsRefusedError, match="Permission denied; choose a folder"):
        write_files(tmp_path, SET, force=False)


def test_a_system_folder_that_takes_no_files_is_named():
    with pytest.raises(CertsRefusedError, match=r"cannot write into /proc: .*choose a folder"):
        write_files(folder_module.Path("/proc"), SET, force=False)


def test_an_authority_is_read_back(tmp_path):
    authority = make_authority(datetime.now(UTC))
    write_files(tmp_path, pair_of("ca", authority), force=False)
    assert read_authority(tmp_path) == authority


@pytest.mark.parametrize("missing", ["ca.pem", "ca-key.pem"])
def test_a_folder_without_an_authority_is_refused(tmp_path, missing):
    write_files(tmp_path, pair_of("ca", make_authority(datetime.now(UTC))), force=False)
    (tmp_path / missing).unlink()
    with pytest.raises(CertsRefusedError, match=rf"no authority \({missing} is not there\).*gradual certs init"):
        read_authority(tmp_path)


def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "ca.pem").mkdir()
    with pytest.raises(CertsRefusedError, match=r"cannot read .*ca\.pem: Is a directory"):
        read_authority(tmp_path)


def test_the_agents_of_a_folder_are_those_with_a_key(tmp_path):
    now = datetime.now(UTC)
    authority = make_authority(now)
    for name in ("b", "a"):
        write_files(tmp_path, pair_of(name, issue_agent(authority, name, now)), force=False)
    write_files(tmp_path, pair_of("ca", authority), force=False)
    assert agents_in(tmp_path) == ["a", "b"]


def test_a_token_file_is_one_line_and_shows_nothing():
    file = token_file(b"secret-token")
    assert file.content == b"secret-token\n"
    assert "secret-token" not in repr(file)
