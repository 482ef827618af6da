"""How the names of a plan's systems become addresses: the setting `dns`."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from gradual_common.language.model import NAME, Duration, Model
from gradual_common.net.urls import encode_host
from gradual_common.secrecy.quoting import quoted

Addresses = tuple[str, ...]
FixedHosts = tuple[tuple[str, Addresses], ...]
"""Names in their usual spelling, and the addresses that they have; a tuple, so that settings can be compared."""

VERSIONS = {"ipv4": 4, "ipv6": 6}


def read_hosts(value: Any) -> Any:
    """A mapping from names to an address or a list of them."""
    if not isinstance(value, Mapping):
        raise ValueError(f'{quoted(value)} is no mapping from names to addresses; write {{"api.example": "10.0.0.7"}}')
    return tuple((_read_name(name), _read_addresses(name, written)) for name, written in value.items())


def usual_name(host: str) -> str:
    """A name as it is compared: small letters, IDNA, no dot at its end; ValueError for what is none."""
    return encode_host(host).removesuffix(".")


def read_ip(text: Any) -> IPv4Address | IPv6Address:
    """An address without a zone; ValueError for anything else."""
    try:
        if isinstance(text, str) and "%" not in text:
            return ip_address(text.strip("[]"))
    except ValueError:
        pass
    raise ValueError(f"{quoted(text)} is not an IP address such as 10.0.0.7 or 2001:db8::7")


def _read_name(written: Any) -> str:
    try:
        name = usual_name(written) if isinstance(written, str) else ""
    except ValueError as error:
        raise ValueError(f"{quoted(written)} is not a host name: {error}") from None
    if not name or name.rpartition(".")[2].isdecimal():
        raise ValueError(f"{quoted(written)} is not a host name; write NAME: ADDRESS, without a port")
    return name


def _read_addresses(name: str, written: Any) -> Addresses:
    addresses = written if isinstance(written, list | tuple) else [written]
    if not addresses:
        raise ValueError(f"{quoted(name)} has no address; write one, or a list of them")
    return tuple(str(read_ip(address)) for address in addresses)


_WRITTEN_HOSTS = WithJsonSchema(
    {"type": "object", "additionalProperties": {"anyOf": [NAME, {"type": "array", "items": NAME, "minItems": 1}]}}
)


class Dns(Model):
    """How names become addresses."""

    ttl: Duration = 30_000_000_000
    """How long an answer is used, with a unit; default: 30s, 0s asks for each connection."""

    hosts: Annotated[FixedHosts, BeforeValidator(read_hosts), _WRITTEN_HOSTS] = Field(default=())
    """Addresses of names that the resolver is not asked for, as in a hosts file."""

    family: Literal["any", "ipv4", "ipv6"] = "any"
    """Which addresses are used; default: any."""

    @model_validator(mode="after")
    def _check_family(self) -> Dns:
        version = VERSIONS.get(self.family)
        for name, addresses in self.hosts:
            others = [address for address in addresses if version not in (None, ip_address(address).version)]
            if others:
                raise ValueError(f"family is {self.family}, but {quoted(name)} has the address {others[0]}")
        return self

    def addresses_of(self, host: str) -> Addresses:
        """The addresses that the plan fixes for a name; none for a name that is resolved."""
        if not self.hosts:
            return ()
        try:
            name = usual_name(host)
        except ValueError:
            return ()
        return dict(self.hosts).get(name, ())
