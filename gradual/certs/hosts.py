"""The names and addresses that a master's certificate is valid for.

An agent compares the host of its `--master` with them: a name with names, an IP address with IP addresses (RFC 9525,
section 6).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import idna

from gradual.errors import CertsRefusedError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

ALWAYS = ("localhost", "127.0.0.1", "::1")
"""A health check on the master's own host uses them."""

WANTED = "give the name or the IP address that agents write in --master, such as judge.example or 10.20.0.5"

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
"""Letters, digits and hyphens (RFC 1123, 2.1), and `_`, which container engines have in their names."""

MAX_NAME = 253
"""Characters of a name in DNS (RFC 1035, 2.3.4)."""


def master_hosts(given: Iterable[str]) -> list[str | IpAddress]:
    """The given names and addresses and those of the host itself, each once; CertsRefusedError for a wrong one."""
    return list(dict.fromkeys(parse_host(text) for text in (*given, *ALWAYS)))


def parse_host(text: str) -> str | IpAddress:
    """An IP address, or a name in the letters of DNS; CertsRefusedError says what is wrong with anything else."""
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return _parse_name(text, bare)
    if address.is_unspecified:
        raise _refused(text, "means every address of a host, and nobody connects to it")
    if "%" in bare:
        raise _refused(text, "has a zone, which a certificate cannot hold: leave out % and what follows")
    return address


def _parse_name(text: str, bare: str) -> str:
    """A name in lower case without a final dot; international letters as DNS writes them (`xn--…`)."""
    name = bare.lower().removesuffix(".")
    if "://" in name:
        raise _refused(text, "is a URL")
    if re.fullmatch(r"[^:]+:\d+|\[.*\]:\d+", name):
        raise _refused(text, "has a port: a certificate is for a host with all of its ports")
    if not name.isascii():
        name = _in_ascii(text, name)
    labels = name.split(".")
    if labels[-1].isdecimal():
        raise _refused(text, "is not an IP address")
    # A wildcard stands for one label, and never directly below a top-level domain.
    checked = labels[1:] if labels[0] == "*" and len(labels) > 2 else labels
    if len(name) > MAX_NAME or not all(_LABEL.fullmatch(label) for label in checked):
        raise _refused(text, "is neither a host name nor an IP address")
    return name


def _in_ascii(text: str, name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise _refused(text, f"is not a host name ({error})") from error


def _refused(text: str, reason: str) -> CertsRefusedError:
    return CertsRefusedError(f"--host {text!r} {reason}; {WANTED}")
