#!/usr/bin/env bash
# Makes what deploy/compose.yaml needs and nobody else may know, in deploy/secrets (or $HYPERSHARD_SECRETS): certificates of
# a CA of its own, the credentials of the object store, and a first API key. What is there already is left as it is, but
# certificates are made anew: run it again to renew them, also while the cluster runs.
#
#   deploy/make-secrets.sh [names and addresses that clients call the cluster by besides localhost, with commas between]
#
# A folder for each kind of process has what that kind may know, and is mounted whole: so a file that is replaced is seen.
# `ca/` is for nobody but this script; keep it somewhere else if you can.
set -euo pipefail
secrets=${HYPERSHARD_SECRETS:-$(dirname "$0")/secrets}
mkdir -p "$secrets"
# In a container of the image, as root: the files belong to the user that processes run as.
exec "${DOCKER:-docker}" run --rm --interactive --user 0 --network none --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE \
  --cap-add FOWNER --volume "$(realpath "$secrets"):/secrets" --workdir /secrets --entrypoint sh \
  --env "PUBLIC=localhost,127.0.0.1,::1${1:+,$1}" "${HYPERSHARD_IMAGE:-hypershard}" -eus << 'END'
umask 077
processes='coordinator shard-server encoder indexer'
word() { head -c 60 /dev/urandom | base64 | tr -d '/+=\n' | head -c 40; }

hypershard cert create --out ca --processes "$(echo $processes | tr ' ' ,)" --public "$PUBLIC" > /dev/null
echo 'made certificates, for a year; clients believe them with ca.pem'
for process in $processes; do
  mkdir -p "$process"
  # The key first: a process that reads between the two keeps what it has until they fit.
  cp "ca/$process-key.pem" "$process/key.pem.new" && mv "$process/key.pem.new" "$process/key.pem"
  cp "ca/$process.pem" "$process/cert.pem.new" && mv "$process/cert.pem.new" "$process/cert.pem"
  cp ca/ca.pem "$process/ca.pem"
done
for name in public public-key; do cp "ca/$name.pem" "coordinator/$name.pem.new" && mv "coordinator/$name.pem.new" "coordinator/$name.pem"; done
# For clients.
cp ca/ca.pem ca.pem && chmod 0644 ca.pem

if [ ! -e s3.env ]; then
  access=$(word) secret=$(word)
  # Compose reads this one, for the object store itself.
  printf 'ROOT_ACCESS_KEY=%s\nROOT_SECRET_KEY=%s\n' "$access" "$secret" > s3.env
  for process in coordinator shard-server indexer; do
    printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$access" "$secret" > "$process/s3-credentials"
  done
fi

if [ ! -e coordinator/keys.json ]; then
  hypershard key create --keys /secrets/coordinator/keys.json --name first --scopes search,read,write,admin --indexes '*' > first.key
  echo "first.key may do everything: make others with it, and revoke it"
fi
chown -R 10001:10001 $processes
END
