"""One cookie, and the requests that it goes with (RFC 6265bis, 5.1.3, 5.1.4, 5.8.3)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from gradual_agent.http.request import HttpRequest


@dataclass(slots=True, eq=False)
class Cookie:
    """One cookie. Only its value ever changes."""

    name: str
    value: str
    domain: str
    path: str
    is_host_only: bool
    is_secure: bool
    expires_at: int
    """On the agent's clock, ns."""
    serial: int
    """Order of creation, which decides among cookies of equally long paths (5.8.3, 2)."""

    def is_same_but_for_value(self, other: Cookie) -> bool:
        """Whether only the value differs from another cookie with the same name, domain and path."""
        return (self.is_host_only, self.is_secure, self.expires_at) == (
            other.is_host_only,
            other.is_secure,
            other.expires_at,
        )

    def is_for(self, request: HttpRequest) -> bool:
        """Whether the cookie is sent with `request` (5.8.3, 1)."""
        settings = request.settings
        host = settings.cookie_host
        return (
            (host == self.domain if self.is_host_only else domain_matches(host, self.domain))
            and path_matches(request.path, self.path)
            and (not self.is_secure or settings.takes_secure)
        )


def domain_matches(host: str, domain: str) -> bool:
    """Whether `host` is the domain or below it; an address matches only itself (5.1.3)."""
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def path_matches(path: str, cookie_path: str) -> bool:
    """Whether `cookie_path` is `path` or a folder above it (5.1.4)."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def default_path(path: str) -> str:
    """The path up to the last slash, without it (5.1.4)."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def is_address(host: str) -> bool:
    """Whether `host` is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
