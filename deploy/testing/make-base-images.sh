#!/usr/bin/env bash
# Makes stand-ins of the public images that deploy/ builds on, for a machine that reaches no registry of images but
# those of packages: Debian's by debootstrap, Node of node_modules, npm's own package, an S3 server by Go.
#
#   deploy/testing/make-base-images.sh <scratch-directory>
#
# Needs root, a Docker engine, debootstrap, npm and go. What is there already is not made again. Prints the settings
# that deploy/test.sh takes.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(realpath -m "${1:?the first argument is a folder for what is made}")
engine=${DOCKER:-docker}
versitygw=v1.8.0
mkdir -p "$scratch"

has() { "$engine" image inspect "$1" > /dev/null 2>&1; }
build() { DOCKER_BUILDKIT=1 "$engine" build --quiet --network host --tag "$1" "$2" >&2; }

if ! has hypershard-base/debian; then
  [ -e "$scratch/debian/etc/debian_version" ] ||
    debootstrap --variant=minbase bookworm "$scratch/debian" http://deb.debian.org/debian >&2
  tar -C "$scratch/debian/" --exclude=./var/cache/apt/archives/*.deb --exclude=./var/lib/apt/lists/* -c . |
    "$engine" import - hypershard-base/debian >&2
fi

if ! has hypershard-base/node; then
  node --input-type=module -e "import { setUp } from './scripts/setup.mjs'; setUp()"
  folder=$scratch/node
  mkdir -p "$folder"
  (cd "$folder" && npm pack --silent npm@11 >&2 && mv npm-*.tgz npm.tgz)
  cp node_modules/node/bin/node "$folder/node"
  cat > "$folder/Dockerfile" << 'END'
FROM hypershard-base/debian
COPY node /usr/local/bin/node
COPY npm.tgz /tmp/npm.tgz
RUN mkdir -p /usr/local/lib/node_modules/npm && tar -xzf /tmp/npm.tgz -C /usr/local/lib/node_modules/npm --strip-components=1 && \
    ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && rm /tmp/npm.tgz
END
  build hypershard-base/node "$folder"
fi

if ! has hypershard-base/redis; then
  mkdir -p "$scratch/redis"
  printf '%s\n' 'FROM hypershard-base/debian' \
    'RUN apt-get update && apt-get install -y --no-install-recommends redis-server && mkdir /data && chown 999:999 /data' \
    > "$scratch/redis/Dockerfile"
  build hypershard-base/redis "$scratch/redis"
fi

if ! has hypershard-base/prometheus; then
  mkdir -p "$scratch/prometheus"
  printf '%s\n' 'FROM hypershard-base/debian' \
    'RUN apt-get update && apt-get install -y --no-install-recommends prometheus && mkdir /prometheus && chown 65534:65534 /prometheus' \
    'ENTRYPOINT ["/usr/bin/prometheus"]' > "$scratch/prometheus/Dockerfile"
  build hypershard-base/prometheus "$scratch/prometheus"
fi

if ! has hypershard-base/versitygw; then
  folder=$scratch/versitygw
  mkdir -p "$folder"
  [ -e "$folder/versitygw" ] ||
    GOBIN=$folder CGO_ENABLED=0 go install -trimpath "github.com/versity/versitygw/cmd/versitygw@$versitygw" >&2
  printf 'FROM hypershard-base/debian\nCOPY versitygw /app/versitygw\nENTRYPOINT ["/app/versitygw"]\n' > "$folder/Dockerfile"
  build hypershard-base/versitygw "$folder"
fi

cat << 'END'
NODE_IMAGE=hypershard-base/node
BASE_IMAGE=hypershard-base/debian
REDIS_IMAGE=hypershard-base/redis
PROMETHEUS_IMAGE=hypershard-base/prometheus
S3_IMAGE=hypershard-base/versitygw
END
