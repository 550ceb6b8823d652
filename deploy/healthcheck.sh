#!/bin/bash
# Whether the process of this container can do its work: asks its admin listener `/readyz`, and ends with 0 or 1. By bash
# alone, since it runs every ten seconds in every container: a program of Node takes ten times the processor time.
set -eu
listen=${HYPERSHARD_ADMIN_LISTEN:-}
if [ -z "$listen" ]; then
  echo 'HYPERSHARD_ADMIN_LISTEN is not set: there is nobody to ask'
  exit 0
fi
port=${listen##*:}
host=${listen%:*}
host=${host#[} host=${host%]}
# A process that listens on all addresses is asked on the loopback.
case "$host" in 0.0.0.0) host=127.0.0.1 ;; ::) host=::1 ;; esac
exec 3<> "/dev/tcp/$host/$port"
printf 'GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 8 _ status _ <&3
# What `docker inspect` shows: why it is not ready.
tail -n 1 <&3
[ "$status" = 200 ]
