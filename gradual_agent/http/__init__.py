"""The HTTP engine: what a virtual user sends goes over its own connections, as in a browser.

See docs/design/architecture.md, 6. Its parts:

context     what all connections of a process share
client      one per virtual user: a fetch with its redirects, re-sends and timeout, over the `user_connections`
connecting  opens connections, TLS, one HTTP/1.1 connection, and the rest of a request that the kernel did not take
reading     bytes → response, without I/O
request, urls, redirects   what is sent
cookies     the jar, one cookie, the Set-Cookie field and its dates

Measured with 64 connections on one core, nginx on the other, a static file of 120 bytes (`bench/traffic.py`): 9.5 µs
per request, 0.7 of wrk's rate. Of these the kernel takes 58 %, Python 36 %, libc 3 % and uvloop 1 % (perf). Compiled
with mypyc the rates rise by 3 to 16 %, with a request id in every head by 6 %: not worth a second build. A thinking
user with an idle connection takes 4.4 KB of resident memory.
"""
