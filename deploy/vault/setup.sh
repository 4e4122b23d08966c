#!/bin/sh
# Prepares a HashiCorp Vault or OpenBao for Countersign: two mounts, four policies, four AppRoles.
#
#   VAULT_ADDR=https://vault.example.com:8200 VAULT_TOKEN=… VAULT_CACERT=… deploy/vault/setup.sh
#
# VAULT_CLI names the command (vault or bao); VAULT_MOUNT the mounts (default countersign and
# countersign-transit), the same value as in Countersign's settings; TOKEN_TTL and TOKEN_MAX_TTL the
# lease of the processes' tokens. Running it again repairs what is missing. It prints no secret.
set -eu

cli=${VAULT_CLI:-vault}
mount=${VAULT_MOUNT:-countersign}
here=$(dirname "$0")

mounts=$("$cli" secrets list -format=json)
has_mount() { printf '%s' "$mounts" | grep -q "\"$1/\""; }
has_login() { "$cli" auth list -format=json | grep -q "\"approle/\""; }

has_mount "$mount" || "$cli" secrets enable -path="$mount" -version=2 kv
has_mount "$mount-transit" || "$cli" secrets enable -path="$mount-transit" transit
has_login || "$cli" auth enable approle

for role in web sealer backup administrator; do
  sed "s#\"countersign\(-transit\)*/#\"$mount\1/#" "$here/$role.hcl" | "$cli" policy write "$mount-$role" -
  "$cli" write "auth/approle/role/$mount-$role" token_policies="$mount-$role" \
    token_ttl="${TOKEN_TTL:-1h}" token_max_ttl="${TOKEN_MAX_TTL:-24h}" secret_id_num_uses=0
  echo "$mount-$role: VAULT_ROLE_ID=$("$cli" read -field=role_id "auth/approle/role/$mount-$role/role-id")"
done

cat <<END
For each process, on the machine where it runs and readable by its account alone:
  $cli write -f -field=secret_id auth/approle/role/$mount-web/secret-id > secret-id     (then VAULT_SECRET_ID_FILE)
Settings kept here instead of in the environment, each read from standard input:
  $cli kv put -mount=$mount settings/database-default-password value=-
END
