import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plan_samples import mistakes, small

from gradual_common.errors import PlanError
from gradual_common.plan.loader import PlanSource, load_plan
from gradual_common.plan.reading.overrides import Overrides
from gradual_common.plan.reading.regular_files import TooLargeError, read_regular

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")

REFUSED = "it is a named pipe; only regular files are read, so write its content into one"


@pytest.fixture
def pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A named pipe that nobody ever writes to: to open it for reading waits forever."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    return Path("pipe")


@pytest.fixture
def given() -> Iterator[tuple[str, int]]:
    """A pipe as the shell gives it for `<(command)`: its path, and the end to write to."""
    reader, writer = os.pipe()
    yield f"/dev/fd/{reader}", writer
    os.close(reader)


def test_a_file_is_read_through_links(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", 3) == b"abc"


def test_a_file_with_more_than_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1 << 40)
    with pytest.raises(TooLargeError, match="more than 2 MiB"):
        read_regular(tmp_path / "huge", 2 << 20)


@pytest.mark.parametrize("is_link", [False, True])
def test_a_named_pipe_is_refused_and_not_waited_for(pipe: Path, is_link: bool) -> None:
    if is_link:
        Path("link").symlink_to(pipe)
    with pytest.raises(OSError, match=REFUSED):
        read_regular(Path("link") if is_link else pipe, may_be_given=True)


def test_a_socket_and_a_device_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        with pytest.raises(OSError, match="it is a socket; only regular files"):
            read_regular(Path("socket"))
    with pytest.raises(OSError, match="it is a device; only regular files"):
        read_regular(Path("/dev/zero"), may_be_given=True)


def test_a_name_with_a_nul_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="null"):
        read_regular(Path("a\0b"))


def test_what_the_shell_has_opened_is_read_where_it_may_be(given: tuple[str, int]) -> None:
    path, writer = given
    os.write(writer, b"abcd")
    os.close(writer)
    with pytest.raises(OSError, match="named pipe"):
        read_regular(Path(path))
    with pytest.raises(TooLargeError):
        read_regular(Path(path), 2, may_be_given=True)


def test_standard_input_without_end_is_refused() -> None:
    program = "from pathlib import Path; from gradual_common.plan.reading.regular_files import read_regular; "
    program += "read_regular(Path('/dev/stdin'), may_be_given=True)"
    with Path("/dev/zero").open("rb") as zero:
        done = subprocess.run([sys.executable, "-c", program], stdin=zero, capture_output=True, text=True, check=False)
    assert "it is a device; only regular files are read" in done.stderr


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"user": "pipe"}},
        {"users__0__data": {"user": {"file": "pipe", "per": "iteration"}}},
        {"actions__post": {"url": "/", "method": "POST", "body_file": "pipe"}},
        {"actions__post": {"url": "/", "method": "POST", "multipart": {"form": {"file": "pipe"}}}},
        {"actions__post": {"url": "/", "method": "POST", "graphql": {"query": {"file": "pipe"}}}},
        {"actions__post__assertions": [{"json_schema": "pipe"}]},
        {"include": ["pipe"]},
        {"secrets": {"KEY": {"file": "pipe"}}},
        {"config__tls": {"ca": "pipe"}},
        {"config__tls": {"cert": "pipe", "key": "pipe"}},
    ],
    ids=str,
)
@pytest.mark.usefixtures("pipe")
def test_no_file_of_a_plan_may_be_a_named_pipe(changes: dict[str, Any]) -> None:
    found = mistakes(small(**changes))
    assert found
    assert all(REFUSED in mistake for mistake in found)


def test_the_plan_itself_is_no_named_pipe(pipe: Path) -> None:
    with pytest.raises(PlanError, match=REFUSED):
        PlanSource.of_path(pipe)


def test_plan_and_data_come_from_process_substitution(given: tuple[str, int], tmp_path: Path) -> None:
    path, writer = given
    os.write(writer, b"name\n" + b"".join(b"ann%d\n" % number for number in range(6)))
    os.close(writer)
    plan = small(actions__post=None, users=[{"name": "a", "concurrency": 6, "behavior": ["look"]}])
    plan["actions"]["look"]["url"] = "/{{user.name}}"
    source = PlanSource("p.yaml", tmp_path, mapping=plan)
    loaded = load_plan(source, Overrides(data={"user": path}))
    assert loaded.data[0, "user"].row(5) == {"name": "ann5"}


def test_a_plan_is_read_from_a_pipe_that_the_shell_has_opened(given: tuple[str, int]) -> None:
    path, writer = given
    os.write(writer, b"config: {duration: 1s}\n")
    os.close(writer)
    source = PlanSource.of_path(Path(path))
    assert source.text == "config: {duration: 1s}\n"
    assert (source.folder, source.folder_of_code) == (Path(), None), "its paths start from the working folder"
