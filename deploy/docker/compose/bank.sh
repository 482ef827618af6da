#!/bin/sh
# The service `bank` of docker-compose.yml: makes the fleet's certificates and token, then serves the demo bank.
#
# The master gets its own files and the agents theirs, in two volumes. The authority's key stays in this container's
# memory: nobody needs it any more.
set -eu
trap 'exit 143' TERM # the first process of a container gets no signal without a handler
umask 077
made=/tmp/certs
for role in master agent; do
    [ -w "/security/$role" ] || { echo "bank: cannot write to /security/$role; it is a volume of docker-compose.yml" >&2; exit 3; }
done
gradual certs init "$made" --host master --force >/dev/null
gradual certs agent "$made" agent --force >/dev/null
cp "$made/ca.pem" "$made/token" "$made/master.pem" "$made/master-key.pem" /security/master/
cp "$made/ca.pem" "$made/token" "$made/agent.pem" "$made/agent-key.pem" /security/agent/
rm -r "$made"
exec gradual demo-server --host 0.0.0.0
