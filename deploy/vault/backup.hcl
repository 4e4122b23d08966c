# What the backup process may do: its own database role, the passphrase, the key that signs sets and drills.
# It reads the site's certificates, which are public, since a restore drill verifies every signature.

path "countersign/data/settings/secret-key"                { capabilities = ["read"] }
path "countersign/data/settings/database-default-password" { capabilities = ["read"] }
path "countersign/data/settings/database-backup-password"  { capabilities = ["read"] }
path "countersign/data/settings/backup-passphrase"         { capabilities = ["read"] }

path "countersign/data/keystore/site-authority-certificate*" { capabilities = ["read"] }
path "countersign/data/keystore/site-seal-certificate*"    { capabilities = ["read"] }

path "countersign-transit/keys/backup"                     { capabilities = ["create", "update", "read"] }
path "countersign-transit/sign/backup"                     { capabilities = ["create", "update"] }
path "countersign-transit/sign/backup/*"                   { capabilities = ["create", "update"] }
