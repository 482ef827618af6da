"""The folder of certificates: files that appear all together or not at all, and replace others only when forced.

Each file is written under a temporary name beside its place, on the disk before it is renamed. A key or a token has the
mode 0600 from its first moment: a file that is made readable and changed later can be read in between. A failure
removes what was written and puts back what was replaced.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from gradual.certs.issuing import CertifiedKey
from gradual.errors import CertsRefusedError

PRIVATE, PUBLIC = 0o600, 0o644
FOLDER_MODE = 0o700

_NO_LOCKS = {errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP}
"""How a network file system answers that it locks no folders."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to write."""

    content: bytes = field(repr=False)
    mode: int
    """PRIVATE or PUBLIC."""


def pair_of(name: str, issued: CertifiedKey) -> dict[str, NewFile]:
    """The two files of a certificate and its key."""
    return {f"{name}.pem": NewFile(issued.cert, PUBLIC), f"{name}-key.pem": NewFile(issued.key, PRIVATE)}


def token_file(token: bytes) -> NewFile:
    """The file of a token: one line."""
    return NewFile(token + b"\n", PRIVATE)


def read_authority(folder: Path) -> CertifiedKey:
    """The authority of a folder; CertsRefusedError if the folder has none or it cannot be read."""
    return CertifiedKey(_read(folder, "ca.pem"), _read(folder, "ca-key.pem"))


def agents_in(folder: Path) -> list[str]:
    """The names of the agents that have a certificate in the folder."""
    names = (path.name.removesuffix("-key.pem") for path in folder.glob("*-key.pem"))
    return sorted(name for name in names if name not in ("ca", "master"))


def write_files(folder: Path, files: Mapping[str, NewFile], *, force: bool) -> None:
    """Write all files or none. CertsRefusedError: one exists and `force` is not set, or one cannot be written."""
    try:
        with _locked(folder):
            _refuse_existing(folder, files, force)
            _replace_all(folder, files)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CertsRefusedError(
            f"cannot write into {folder}: {reason}; choose a folder that you may write to"
        ) from error


def write_into_new(folder: Path, files: Mapping[str, NewFile], *, force: bool) -> None:
    """As `write_files`; the folder is made if it is not there, for its owner only, and removed after a failure."""
    made = _make(folder)
    try:
        write_files(folder, files, force=force)
    except BaseException:
        if made:
            with suppress(OSError):  # Somebody else has put a file there: it stays.
                folder.rmdir()
        raise


def _make(folder: Path) -> bool:
    """Make a folder unless it is there; whether it was made."""
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        if folder.is_dir():
            return False
        raise CertsRefusedError(f"{folder} is a file, not a folder: choose another DIR") from None
    except FileNotFoundError:
        raise CertsRefusedError(f"cannot make {folder}: {folder.parent} is not there; make that folder first") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise CertsRefusedError(f"cannot make {folder}: {reason}; choose a folder that you may write to") from error
    return True


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise CertsRefusedError(
            f"{folder} has no authority ({name} is not there): name the folder that `gradual certs init` made, "
            f"or make one with it"
        ) from None
    except OSError as error:
        raise CertsRefusedError(f"cannot read {path}: {error.strerror or error}; read it as its owner") from error


def _refuse_existing(folder: Path, files: Mapping[str, NewFile], force: bool) -> None:
    there = [name for name in files if os.path.lexists(folder / name)]
    if there and not force:
        raise CertsRefusedError(
            f"{folder} holds {', '.join(there)} already: choose another folder or name, or replace with --force"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One command at a time writes into the folder. The lock ends with the process, however it ends."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


def _replace_all(folder: Path, files: Mapping[str, NewFile]) -> None:
    mark = secrets.token_hex(4)
    new = {folder / name: folder / f".{name}.{mark}.new" for name in files}
    old = {place: place.with_name(f".{place.name}.{mark}.old") for place in new}
    try:
        for file, temporary in zip(files.values(), new.values(), strict=True):
            _write(temporary, file)
        _place(new, old)
    finally:
        for path in (*new.values(), *old.values()):
            path.unlink(missing_ok=True)


def _place(new: Mapping[Path, Path], old: Mapping[Path, Path]) -> None:
    """Rename every new file to its place; after a failure, or an interrupt at any point, every place is as before."""
    try:
        for place, temporary in new.items():
            if os.path.lexists(place):
                place.rename(old[place])
            temporary.rename(place)
    except BaseException:
        for place, temporary in new.items():
            if os.path.lexists(old[place]):
                old[place].rename(place)
            elif not os.path.lexists(temporary):
                place.unlink(missing_ok=True)
        raise


def _write(path: Path, file: NewFile) -> None:
    """A new file with its mode from the start, on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, file.mode)
    with os.fdopen(descriptor, "wb") as target:
        target.write(file.content)
        target.flush()
        os.fsync(target.fileno())
