#!/bin/sh
# Renew the hashed locks: image.lock (what runs), agent.lock (of that, what an agent's host needs), demo.lock (what runs, and
# what builds it), dev.lock (that, and the checks), httpbin.lock (a server of the tests). Needs uv. No index address is
# written into them.
set -eu
cd "$(dirname "$0")/.."
compile() { uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate "$@"; }
compile pyproject.toml -o requirements/image.lock
compile requirements/agent.in -c requirements/image.lock -o requirements/agent.lock
compile pyproject.toml requirements/build.in -c requirements/image.lock -o requirements/demo.lock
compile pyproject.toml --extra test requirements/build.in -c requirements/image.lock -o requirements/dev.lock
compile requirements/httpbin.in -o requirements/httpbin.lock
