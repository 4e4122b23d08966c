# What the web server, the worker and the beat may do: their own secrets, the authority and the seal.
# They may create a secret but never replace one, and they cannot use the checkpoint key: only the sealer can.

path "countersign/data/keystore/one-time-code-seeds"       { capabilities = ["create", "read"] }
path "countersign/data/keystore/recovery-codes"            { capabilities = ["create", "read"] }
path "countersign/data/keystore/site-authority-certificate*" { capabilities = ["create", "read"] }
path "countersign/data/keystore/site-seal-certificate*"    { capabilities = ["create", "read"] }

path "countersign/data/settings/secret-key"                { capabilities = ["read"] }
path "countersign/data/settings/database-default-password" { capabilities = ["read"] }
path "countersign/data/settings/email-host-password"       { capabilities = ["read"] }

path "countersign-transit/keys/site-authority"             { capabilities = ["create", "update", "read"] }
path "countersign-transit/sign/site-authority"             { capabilities = ["create", "update"] }
path "countersign-transit/sign/site-authority/*"           { capabilities = ["create", "update"] }
path "countersign-transit/keys/site-seal"                  { capabilities = ["create", "update", "read"] }
path "countersign-transit/sign/site-seal"                  { capabilities = ["create", "update"] }
path "countersign-transit/sign/site-seal/*"                { capabilities = ["create", "update"] }

# The public halves alone, to verify checkpoints, backup sets and drills.
path "countersign-transit/keys/checkpoint"                 { capabilities = ["read"] }
path "countersign-transit/keys/backup"                     { capabilities = ["read"] }
