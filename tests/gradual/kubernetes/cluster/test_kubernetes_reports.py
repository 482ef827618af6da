"""Reports from a pod are written to the folder that the caller named, and nowhere else."""

import io
import tarfile
from pathlib import Path

import pytest

from gradual.errors import ClusterError, ClusterInputError
from gradual.kubernetes.cluster.reports import check_folder, unpack


def packed(*members: tarfile.TarInfo) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        for member in members:
            member.size = 2 if member.isfile() else 0
            archive.addfile(member, io.BytesIO(b"{}") if member.isfile() else None)
    return output.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    return made


def test_plain_files_are_written(tmp_path: Path) -> None:
    link = member("link", tarfile.SYMTYPE)
    link.linkname = "/etc/passwd"
    files = unpack(packed(member(".", tarfile.DIRTYPE), member("./a.json"), link), tmp_path / "new" / "report")
    assert files == [tmp_path / "new/report/a.json"]
    assert [path.name for path in (tmp_path / "new/report").iterdir()] == ["a.json"]


def test_nothing_is_written_outside(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="did not arrive whole"):
        unpack(packed(member("../a.json")), tmp_path / "report")
    assert not (tmp_path / "a.json").exists()


def test_half_an_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="the reports did not arrive whole"):
        unpack(packed(member("a.json"))[:30], tmp_path)
    with pytest.raises(ClusterError, match="did not arrive whole"):
        unpack(b"", tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(ClusterError, match=r"the reports cannot be written to .*/report: File exists"):
        unpack(packed(member("a.json")), tmp_path / "report")


def test_a_folder_is_checked_before_and_not_made(tmp_path: Path) -> None:
    check_folder(tmp_path)
    check_folder(tmp_path / "new/report")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("a file")
    for place in ("file", "file/report"):
        with pytest.raises(ClusterInputError, match=r"--report-folder .*/file.*: cannot be written: Not a directory"):
            check_folder(tmp_path / place)
