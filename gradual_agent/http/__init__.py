"""The HTTP engine: what a virtual user sends goes over its own connections, as a browser's does (DESIGN 6).

engine   one per process: connects, resolves, TLS contexts, what all connections share
client   one per virtual user: connections, cookies, redirects, re-sends, timeouts
connection, upload, tls   one HTTP/1.1 connection, what of a request it could not write at once, the same inside TLS
reader, head, lines, framing, chunks, decoding   bytes → response, without I/O
request, urls, cookies, redirects   what is sent
"""

from gradual_agent.http.client import HttpClient
from gradual_agent.http.engine import HttpEngine
from gradual_agent.http.request import Request, build_request
from gradual_agent.http.response import Headers, Response

__all__ = ["Headers", "HttpClient", "HttpEngine", "Request", "Response", "build_request"]
