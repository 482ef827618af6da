#!/usr/bin/env bash
# Builds both images from this clone: gradual and gradual-agent, each with the tags `latest` and the version.
#
#   BASE   the base image (default: python:3.11-slim-bookworm)
#
# Builds use the host's network: pip reaches the package index as it does outside.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' gradual_common/__init__.py)
# Where the clone came from, without the credentials that its address may hold.
source=$(git config remote.origin.url 2>/dev/null | sed -nE 's#^(https?://)([^/@]*@)?#\1#p')
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export DOCKER_BUILDKIT=1

build() { # TARGET NAME
    docker build --quiet --network host --file deploy/docker/Dockerfile --target "$1" \
        --build-arg "BASE=${BASE:-python:3.11-slim-bookworm}" \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "SOURCE=${source:-unknown}" \
        --tag "$2:$version" --tag "$2:latest" . >/dev/null
    echo "$2:$version is built"
}

build gradual gradual
build agent gradual-agent
