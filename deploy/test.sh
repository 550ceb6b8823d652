#!/usr/bin/env bash
# Builds the image, starts the cluster of deploy/compose.yaml with TLS and keys, and tries it: searches over HTTPS while
# each container is killed and frozen in turn, another image one service at a time, a restored snapshot. `npm run test:deploy`.
#
#   deploy/test.sh [--skip-build] [--build-arg NAME=VALUE]... [--build-secret id=NAME,src=FILE]...
#
# It needs root, a Docker engine and Compose, the ports 7700, 7701, 7800, 7801 and 9090, and a quarter of an hour.
#
#   --skip-build        takes the image of the last run
#   --build-arg, --build-secret, --network
#                       go to `docker build`: a registry mirror's bases, certificates and settings (docs/containers.md)
#   DOCKER, COMPOSE     the commands, where others than `docker` and `docker compose` are meant
#   REDIS_IMAGE, S3_IMAGE, PROMETHEUS_IMAGE
#                       other images than compose.yaml names; deploy/testing/make-base-images.sh makes some
set -euo pipefail
cd "$(dirname "$0")/.."
export DOCKER=${DOCKER:-docker}
if [ -z "${COMPOSE:-}" ]; then
  if "$DOCKER" compose version > /dev/null 2>&1; then COMPOSE="$DOCKER compose"; else COMPOSE=docker-compose; fi
fi
export COMPOSE
export HYPERSHARD_IMAGE=hypershard-test:one DEPLOY_NEXT_IMAGE=hypershard-test:two

skip_build='' build=()
while [ $# -gt 0 ]; do
  case "$1" in
    --skip-build) skip_build=yes; shift ;;
    --build-arg | --network) build+=("$1" "$2"); shift 2 ;;
    --build-secret) build+=(--secret "$2"); shift 2 ;;
    *) echo "deploy/test.sh: $1 is no option of it; its first lines name them" >&2; exit 2 ;;
  esac
done
"$DOCKER" info > /dev/null 2>&1 || { echo 'deploy/test.sh: there is no Docker engine that answers' >&2; exit 2; }

if [ -z "$skip_build" ]; then
  echo 'building the image'
  DOCKER_BUILDKIT=1 "$DOCKER" build --quiet --file deploy/Dockerfile --tag "$HYPERSHARD_IMAGE" "${build[@]}" .
  # Another image in every respect but what it does.
  DOCKER_BUILDKIT=1 "$DOCKER" build --quiet --file deploy/Dockerfile --tag "$DEPLOY_NEXT_IMAGE" --build-arg VERSION=next "${build[@]}" .
fi

HYPERSHARD_SECRETS=$(mktemp -d)
export HYPERSHARD_SECRETS DEPLOY_SECRETS=$HYPERSHARD_SECRETS
trap 'rm -rf "$HYPERSHARD_SECRETS"' EXIT
deploy/make-secrets.sh

# Node reads this when it starts: the tests speak HTTPS with the CA that was just made.
export NODE_EXTRA_CA_CERTS=$HYPERSHARD_SECRETS/ca.pem
# One file at a time shows each test as it ends; the last line counts them.
node scripts/test.mjs test/deploy/image.test.ts && node scripts/test.mjs test/deploy/containers.test.ts
