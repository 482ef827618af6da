#!/usr/bin/env bash
# Does a fresh machine get what was tested? Every supported Python that can be run here makes new environments with the pip
# that it brings, without a cache: the first from each lock, whose files are loaded once, the others from what runs. The
# package is built in the environment that holds what builds it, and the commands start in all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
QUIETLY=(--quiet --disable-pip-version-check --no-cache-dir)
LOCKED=(--no-deps --require-hashes)

pythons() { # one of each version; those of pyenv too, whose shims may lead nowhere
    for minor in 11 12 13 14; do
        for python in $(type -aP "python3.$minor") "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.$minor.*/bin/python3; do
            if "$python" -c "import ensurepip, venv, sys; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
                echo "$python"
                break
            fi
        done
    done
}

load() { # PYTHON: everything that any lock names
    "$1" -m venv "$work/loading"
    "$work/loading/bin/pip" download "${QUIETLY[@]}" "${LOCKED[@]}" --dest "$work/files" -r requirements/dev.lock
}

install() { # PYTHON LOCK FOLDER [OPTION…]
    "$1" -m venv "$3"
    "$3/bin/pip" install "${QUIETLY[@]}" "${LOCKED[@]}" --no-compile "${@:4}" -r "requirements/$2.lock"
}

build() { # FOLDER: a wheel of what is committed or about to be, by what its lock holds
    mkdir "$work/source"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory "$work/source"
    "$1/bin/pip" wheel "${QUIETLY[@]}" --no-deps --no-build-isolation --wheel-dir "$work/wheel" "$work/source"
}

try() { # PYTHON LOCK FOLDER
    "$3/bin/pip" install "${QUIETLY[@]}" --no-deps --no-compile "$work"/wheel/*.whl
    "$3/bin/pip" check --disable-pip-version-check >/dev/null
    for command in gradual gradual-master gradual-agent; do
        "$3/bin/$command" --help >/dev/null
    done
    "$3/bin/gradual" init - | "$3/bin/gradual" validate - >/dev/null
    echo "$("$1" --version), $2.lock: installed, agreed, started"
}

try_agent() { # PYTHON FOLDER: a host that runs agents only has all modules of theirs, and its agents start to work
    "$2/bin/pip" install "${QUIETLY[@]}" --no-deps --no-compile "$work"/wheel/*.whl
    "$2/bin/gradual-agent" --help >/dev/null
    # -I: not the modules of this clone, which has none that are generated.
    "$2/bin/python" -I - <<'IMPORTS'
import importlib, pkgutil

for package in ("gradual_agent", "gradual_common"):
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
IMPORTS
    "$2/bin/gradual-agent" --master "unix:$2/nobody" --master-wait 1s 2>/dev/null && return 1
    [ $? = 3 ] || { echo "an agent without a master does not end with 3" >&2; return 1; }
    echo "$("$1" --version), agent.lock: installed, imported, started"
}

mapfile -t found < <(pythons)
[ ${#found[@]} -gt 0 ] || { echo "no Python from 3.11 to 3.14 with venv is here" >&2; exit 1; }
first=${found[0]}
others=()
for number in "${!found[@]}"; do # they wait for the network, as the first does
    [ "$number" = 0 ] || { install "${found[number]}" image "$work/$number" & others[number]=$!; }
done
load "$first"
for lock in agent image demo dev; do install "$first" $lock "$work/$lock" --no-index --find-links "$work/files"; done
build "$work/demo"
try_agent "$first" "$work/agent"
for lock in image demo dev; do try "$first" $lock "$work/$lock"; done
for number in "${!others[@]}"; do
    wait "${others[number]}"
    try "${found[number]}" image "$work/$number"
done
