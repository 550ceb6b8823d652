#!/bin/sh
# The image's command: one of the four processes by its name, or the words of the `hypershard` command.
set -eu
root=/opt/hypershard
case "${1:-}" in
  coordinator | shard-server | encoder-service | indexer)
    program=$1
    shift
    exec node "$root/$program/src/main.ts" "$@"
    ;;
  *) exec node "$root/cli/src/main.ts" "$@" ;;
esac
