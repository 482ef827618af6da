#!/bin/sh
# The service `master` of docker-compose.yml: checks the variables that its user has set, then runs the plan.
#
#   PLAN      the plan, below FOLDER; without it the demo runs, against the demo bank
#   BASE_URL  replaces the plan's config.base_url
#   AGENTS    how many agents to wait for; without it as many as there are containers of the service `agent`
#   OPTIONS   more options of `gradual-master run`
set -eu
trap 'exit 143' TERM # the first process of a container gets no signal without a handler
refuse() { # WHAT HINT…
    echo "docker-compose.yml: $1; no load was sent" >&2
    shift
    printf '  %s\n' "$@" >&2
    exit 2
}

if [ -z "$PLAN" ]; then
    PLAN=examples/demo.yaml BASE_URL=${BASE_URL:-http://bank:8080}
fi
[ -x /plan ] || refuse "FOLDER: user 10001, as whom the master runs, may not enter '$FOLDER'" \
    "Make it, the plan and its data readable for others: chmod o+rx for folders, chmod o+r for files"
[ -e "$PLAN" ] || refuse "PLAN: the folder '$FOLDER' holds no '$PLAN'" \
    "Only this folder is in the container: give PLAN relative to it, or name the folder of the plan and its data too:" \
    "FOLDER=/path/to/folder PLAN=plan.yaml"
[ -f "$PLAN" ] || refuse "PLAN: '$PLAN' in the folder '$FOLDER' is not a file" "Name the plan, such as $PLAN/plan.yaml"
[ -r "$PLAN" ] || refuse "PLAN: user 10001, as whom the master runs, may not read '$PLAN' in the folder '$FOLDER'" \
    "Make the plan and its data readable for others: chmod o+r"

if [ -z "$AGENTS" ]; then
    # All of them have been started (`depends_on`), and the name of a service stands for the addresses of all.
    AGENTS=$(getent ahostsv4 agent | cut -d ' ' -f 1 | sort -u | wc -l)
fi
case $AGENTS in
    *[!0-9]* | 0) refuse "AGENTS: '$AGENTS' is not a number of agents" "Give a number from 1, such as AGENTS=3" ;;
esac

# shellcheck disable=SC2086 - OPTIONS are several words
exec gradual-master run "$PLAN" ${BASE_URL:+--base-url "$BASE_URL"} --listen 0.0.0.0:7700 --expect-agents "$AGENTS" \
    --token-file /security/token --tls-cert /security/master.pem --tls-key /security/master-key.pem \
    --tls-ca /security/ca.pem -o console -o json=/report/summary.json -o html=/report/report.html \
    -o junit=/report/junit.xml -o markdown=/report/summary.md -o prometheus=0.0.0.0:9464 $OPTIONS
