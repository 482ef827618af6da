"""`gradual certs`: each command writes its files and says which commands come next. No secret is printed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gradual.certs.folder import (
    agents_in,
    pair_of,
    read_authority,
    token_file,
    write_files,
    write_into_new,
)
from gradual.certs.hosts import ALWAYS
from gradual.certs.issuing import (
    CertifiedKey,
    checked_name,
    end_of,
    hosts_of,
    issue_agent,
    issue_master,
    make_authority,
    make_token,
)
from gradual.errors import CertsRefusedError

THERE = "gradual-certs"
"""The folder on the other hosts, in the commands that are shown."""

PORT = 7700

Issue = Callable[[CertifiedKey, datetime], CertifiedKey]


def init(folder: Path, hosts: Sequence[str], days: int, *, force: bool) -> list[str]:
    """Make an authority, a master's certificate and a token; what to say of it."""
    now = datetime.now(UTC)
    authority = make_authority(now)
    master = issue_master(authority, hosts, now, days)
    files = {**pair_of("ca", authority), **pair_of("master", master), "token": token_file(make_token())}
    write_into_new(folder, files, force=force)
    made = (
        f"{folder}: a new authority (until {_day(authority)}), the master's certificate (until {_day(master)}), a token"
    )
    return [made, *_names(master), *_old_agents(folder), *_next_of_master(folder, master)]


def master(folder: Path, hosts: Sequence[str], days: int, *, force: bool) -> list[str]:
    """Make a new certificate of the master with the folder's authority; what to say of it.

    Without `hosts` it is for the names of the certificate that is there.
    """
    named = hosts or _hosts_in(folder)
    issued = _of_folder(folder, lambda authority, now: issue_master(authority, named, now, days))
    write_files(folder, pair_of("master", issued), force=force)
    return [
        f"{folder}: the master's certificate (until {_day(issued)}); agents keep theirs",
        *_names(issued),
        "",
        *_copy(folder, ["master.pem", "master-key.pem"], "the master's host", _host_of(issued)),
        "",
        "Then start the master again: it reads its files when it starts.",
    ]


def agent(folder: Path, name: str, days: int, *, force: bool) -> list[str]:
    """Make an agent's certificate with the folder's authority; what to say of it."""
    checked_name(name)
    issued = _of_folder(folder, lambda authority, now: issue_agent(authority, name, now, days))
    write_files(folder, pair_of(name, issued), force=force)
    words = f"--tls-cert {THERE}/{name}.pem --tls-key {THERE}/{name}-key.pem"
    return [
        f"{folder}: the certificate of {name} (until {_day(issued)}), for an agent's use only",
        "",
        *_copy(folder, ["ca.pem", f"{name}.pem", f"{name}-key.pem", "token"], "the agent's host", "AGENT-HOST"),
        "",
        "There, with the name or address that the master's certificate is for:",
        f"  gradual-agent --master {_master_of(folder)}:{PORT} --processes auto --tls-ca {THERE}/ca.pem {words}"
        f" --token-file {THERE}/token",
    ]


def token(file: Path, *, force: bool) -> list[str]:
    """Make a token in a file; what to say of it."""
    if file.is_dir():
        raise CertsRefusedError(f"{file} is a folder: name a file, such as {file / 'token'}")
    write_files(file.parent, {file.name: token_file(make_token())}, force=force)
    return [
        f"{file}: a new token; only its owner can read it",
        "Copy it to the master's host and to every agent's host, and give it to both programs:",
        f"  --token-file {_quote(file)}        (or its text in the variable GRADUAL_TOKEN)",
    ]


def _of_folder(folder: Path, issue: Issue) -> CertifiedKey:
    """A certificate by the folder's authority; a refusal names the folder."""
    authority = read_authority(folder)
    try:
        return issue(authority, datetime.now(UTC))
    except CertsRefusedError as error:
        raise CertsRefusedError(f"{folder}: {error}") from error


def _names(master: CertifiedKey) -> list[str]:
    """For whom the master's certificate is."""
    names = hosts_of(master.cert)
    lines = [f"Agents find the master at: {', '.join(names)}"]
    if set(names) <= set(ALWAYS):
        lines.append(
            "These are names of one host only. For agents on others give --host, such as --host judge.example."
        )
    return lines


def _old_agents(folder: Path) -> list[str]:
    """A hint when the folder holds agents' certificates, which an earlier authority made."""
    names = agents_in(folder)
    commands = [f"  gradual certs agent {_quote(folder)} {name} --force" for name in names]
    return (
        ["", "Certificates of an earlier authority are there, which are accepted no more. Make them again:", *commands]
        if names
        else []
    )


def _next_of_master(folder: Path, master: CertifiedKey) -> list[str]:
    tls = f"--tls-cert {THERE}/master.pem --tls-key {THERE}/master-key.pem --tls-ca {THERE}/ca.pem"
    return [
        "",
        "For each agent's host make a certificate here; NAME is yours to choose:",
        f"  gradual certs agent {_quote(folder)} NAME",
        "",
        *_copy(folder, ["ca.pem", "master.pem", "master-key.pem", "token"], "the master's host", _host_of(master)),
        "",
        "There:",
        f"  gradual-master run plan.yaml --listen 0.0.0.0:{PORT} --expect-agents N {tls} --token-file {THERE}/token",
        "",
        f"Keep {folder / 'ca-key.pem'} here and secret: who has it makes certificates that your fleet accepts.",
    ]


def _copy(folder: Path, names: Sequence[str], where: str, host: str) -> list[str]:
    """The commands that copy files with their modes into a folder that only its owner can read."""
    files = " ".join(_quote(folder / name) for name in names)
    return [
        f"Copy to {where}:",
        f"  ssh {host} mkdir -p -m 700 {THERE}",
        f"  scp -p {files} {host if ':' not in host else f'[{host}]'}:{THERE}/",
    ]


def _hosts_in(folder: Path) -> list[str]:
    """The names of the master's certificate in this folder; none if it has no such file."""
    path = folder / "master.pem"
    try:
        return hosts_of(path.read_bytes())
    except FileNotFoundError:
        return []  # It may be on the master's host only.
    except OSError as error:
        raise CertsRefusedError(f"cannot read {path}: {error.strerror or error}; read it as its owner") from error
    except ValueError as error:
        raise CertsRefusedError(
            f"{path} is not a master's certificate: move it away, and make it again with `gradual certs master`"
        ) from error


def _master_of(folder: Path) -> str:
    """How agents call the master of this folder: the first name of its certificate."""
    host = _first(_hosts_in(folder))
    return f"[{host}]" if ":" in host else host


def _host_of(master: CertifiedKey) -> str:
    return _first(hosts_of(master.cert))


def _first(names: Sequence[str]) -> str:
    """The first name that other hosts can use, else a placeholder."""
    usable = (name for name in names if name not in ALWAYS and not name.startswith("*"))
    return next(usable, "MASTER-HOST")


def _day(issued: CertifiedKey) -> str:
    return str(end_of(issued.cert).date())


def _quote(path: Path) -> str:
    return shlex.quote(str(path))
