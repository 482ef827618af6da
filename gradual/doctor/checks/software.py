"""Python, uvloop, OpenSSL, and the place where all of it runs."""

from __future__ import annotations

from gradual.doctor.checks.finding import Finding, IntendedLoad, unknown
from gradual.doctor.host.facts import HostFacts


def python(facts: HostFacts, _: IntendedLoad) -> Finding:
    """The interpreter, and whether it is one for its own developers."""
    if not facts.is_debug_python:
        return Finding("Python", "ok", facts.python)
    return Finding(
        "Python",
        "limit",
        f"{facts.python}, a debug build",
        "A debug build checks itself at every step and is several times slower: an agent is at its limit early.",
        "install Python without --with-pydebug, and Gradual into that one",
    )


def uvloop(facts: HostFacts, _: IntendedLoad) -> Finding:
    """The event loop of the agents."""
    if facts.uvloop is not None:
        return Finding("uvloop", "ok", facts.uvloop)
    return Finding(
        "uvloop",
        "limit",
        "cannot be imported",
        "The agents' event loop is uvloop: without it no agent starts.",
        "python3 -m pip install --force-reinstall uvloop",
    )


def openssl(facts: HostFacts, _: IntendedLoad) -> Finding:
    """The library of TLS: its version is part of what makes two runs comparable."""
    return Finding("OpenSSL", "ok", facts.openssl) if facts.openssl else unknown("OpenSSL")


def place(facts: HostFacts, _: IntendedLoad) -> Finding:
    """Virtual machine or container: a note, as neither is wrong in itself."""
    if facts.is_virtual is None:
        return unknown("place")
    host = "a virtual machine" if facts.is_virtual else "no hypervisor seen"
    inside = f", in a container ({facts.container})" if facts.container else ""
    return Finding("place", "ok", f"{facts.system}, {host}{inside}")
