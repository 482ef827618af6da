"""The HTTP engine: what a virtual user sends goes over its own connections, as a browser's does (DESIGN 6).

context     what all connections of a process share
client      one per virtual user: connections, cookies, redirects, re-sends, timeouts
connecting  dials, TLS, one HTTP/1.1 connection, and what of a request it could not write at once
reading     bytes → response, without I/O
request, urls, cookies   what is sent

Measured with 64 connections on one core, nginx on the other, a static file of 612 bytes, interleaved with `wrk -t1
-c64` on the same core: CPU time per request 15–21 µs against wrk's 12–15 µs (0.78 of wrk's rate per core second), of
which 80 % are `send`, `epoll_pwait` and `read` in the kernel (py-spy, native). An idle connected user takes 3.3 KB of
resident memory: client, sample, coroutine, socket, uvloop's transport.
"""
