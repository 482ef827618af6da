"""The HTTP engine: what a virtual user sends goes over its own connections, as a browser's does (DESIGN 6).

engine      one per process: makes clients, TLS contexts, the resolver
context     what all connections of a process share
client      one per virtual user: connections, cookies, redirects, re-sends, timeouts
connecting  dials, TLS, one HTTP/1.1 connection, and what of a request it could not write at once
reading     bytes → response, without I/O
request, urls, cookies, redirects   what is sent
"""

from gradual_agent.http.client import HttpClient
from gradual_agent.http.context import HttpContext
from gradual_agent.http.engine import HttpEngine
from gradual_agent.http.request import HttpRequest, build_request
from gradual_agent.http.response import Headers, Response

__all__ = ["Headers", "HttpClient", "HttpContext", "HttpEngine", "HttpRequest", "Response", "build_request"]
