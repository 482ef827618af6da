"""HTTP proxies of a plan: the settings `proxy` and `no_proxy`.

Sources: RFC 9112, 3.2.2 (the absolute form) and 3.2.3 with RFC 9110, 9.3.6 (CONNECT); RFC 7617 (Basic).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from gradual_common.errors import RequestError
from gradual_common.language.model import NAME, Name
from gradual_common.net.dns import read_ip, usual_name
from gradual_common.net.urls import encode_text, read_authority, split_authority
from gradual_common.secrecy.quoting import quoted

WANTED = "write http://HOST:PORT, with USER:PASSWORD@ before HOST if it asks for credentials"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is spoken to by HTTP/1.1, without TLS."""

    host: str
    port: int
    authorization: str = ""
    """The value of Proxy-Authorization; empty without credentials."""

    def __str__(self) -> str:
        """Its address, without credentials."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_proxy(text: str) -> Proxy:
    """The proxy that a URL names; ValueError for one that cannot be used."""
    if "{{" in text or "{%" in text:
        raise ValueError(f"{quoted(text)} is a template, and a proxy is the same for all users; ${{X}} can be used")
    try:
        scheme, authority, rest = split_authority(text)
        if scheme != "http":
            raise RequestError(f"{quoted(text)}: a proxy is reached by http")
        if rest not in ("", "/"):
            raise RequestError(f"{quoted(text)}: a proxy has no path")
        userinfo, host, port = read_authority(scheme, authority)
    except RequestError as error:
        raise ValueError(f"{str(error).partition(';')[0]}; {WANTED}") from None
    if authority.rpartition("@")[2].rpartition(":")[1] == "" or authority.endswith("]"):
        raise ValueError(f"{quoted(text)} has no port; {WANTED}")
    encoded = b64encode(encode_text(userinfo)).decode("ascii") if userinfo else ""
    return Proxy(host, port, f"Basic {encoded}" if encoded else "")


def _check_proxy(text: str) -> str:
    read_proxy(text)
    return text


WrittenProxy = Annotated[Name, AfterValidator(_check_proxy)]
"""The URL of a proxy."""


@dataclass(frozen=True, slots=True)
class DirectHost:
    """An entry of `no_proxy`: a name, all names below a domain, or a network."""

    name: str = ""
    """A name; below a domain, what comes after the star."""
    is_domain: bool = False
    network: IPv4Network | IPv6Network | None = None

    def matches(self, host: str) -> bool:
        """Whether it names the host of a URL."""
        if self.network is not None:
            try:
                return read_ip(host) in self.network
            except ValueError:
                return False
        name = host.removesuffix(".")
        return name.endswith(self.name) if self.is_domain else name == self.name


def read_direct_hosts(value: Any) -> Any:
    """A list of names, domains and networks, or one of them."""
    written: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    return tuple(_read_direct(entry) for entry in written)


def _read_direct(entry: Any) -> DirectHost:
    if isinstance(entry, DirectHost):
        return entry
    text = entry if isinstance(entry, str) else ""
    try:
        return DirectHost(network=ip_network(text.strip("[]")))
    except ValueError:
        pass
    is_domain = text.startswith("*.")
    try:
        name = usual_name(text[2:] if is_domain else text)
    except ValueError as error:
        raise ValueError(_wrong_entry(entry, f": {error}")) from None
    if name.rpartition(".")[2].isdecimal():
        raise ValueError(_wrong_entry(entry, ""))
    return DirectHost(f".{name}" if is_domain else name, is_domain)


def _wrong_entry(entry: Any, why: str) -> str:
    return f"{quoted(entry)} is no host{why}; write a name, *.DOMAIN, an address or a network such as 10.0.0.0/8"


DirectHosts = Annotated[
    tuple[DirectHost, ...],
    BeforeValidator(read_direct_hosts),
    WithJsonSchema({"anyOf": [NAME, {"type": "array", "items": NAME}]}),
]
"""Hosts that are reached without the proxy."""
