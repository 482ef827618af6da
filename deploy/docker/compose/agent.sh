#!/bin/sh
# The service `agent` of docker-compose.yml: an agent per run, one after the other, until the container is stopped.
#
# An agent serves one run and ends. Its container must not: `docker compose up --exit-code-from master` ends everything
# when any container has ended, also one that Docker is about to start again.
set -u
leaving=
trap 'leaving=yes; [ -z "${!:-}" ] || kill -TERM "$!" 2>/dev/null' TERM

while [ -z "$leaving" ]; do
    gradual-agent "$@" &
    agent=$!
    [ -z "$leaving" ] || kill -TERM "$agent" # SIGTERM came before it was started
    wait "$agent"
    code=$?
    while kill -0 "$agent" 2>/dev/null; do # SIGTERM has ended the `wait`; the agent still drains
        wait "$agent"
        code=$?
    done
    [ "$code" = 0 ] || [ -n "$leaving" ] || sleep 1
done
exit "$code"
