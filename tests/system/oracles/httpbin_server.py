"""httpbin on waitress, with a log of what came. It runs in an environment of its own (`requirements/httpbin.lock`):

    .venv/httpbin/bin/python tests/system/oracles/httpbin_server.py LOG

It prints its port, and writes a JSON line to LOG for each request before it answers.
"""

import hashlib
import io
import json
import sys

import httpbin
import waitress


class Logged:
    """The application, with a line per request."""

    def __init__(self, application, log):
        self.application = application
        self.log = log

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        self.log.write(json.dumps(describe(environ, body)) + "\n")
        self.log.flush()
        return self.application(environ, start_response)


def describe(environ, body):
    """What a client asked for, as clients are compared by it."""
    query = environ["QUERY_STRING"]
    return {
        "method": environ["REQUEST_METHOD"],
        "url": f"http://{environ['HTTP_HOST']}{environ['PATH_INFO']}{'?' + query if query else ''}",
        "cookies": sorted(environ.get("HTTP_COOKIE", "").split("; ")),
        "authorization": environ.get("HTTP_AUTHORIZATION", ""),
        "content_type": environ.get("CONTENT_TYPE", "") if body else "",
        "body": f"{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}",
    }


if __name__ == "__main__":
    with open(sys.argv[1], "a") as log:
        server = waitress.create_server(Logged(httpbin.app, log), host="127.0.0.1", port=0)
        print(server.effective_port, flush=True)
        server.run()
