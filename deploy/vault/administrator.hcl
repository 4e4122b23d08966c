# What an administrator's own shell may do beyond the web's policy, for the time of the work: migrate and rotate.

path "countersign/data/settings/secret-key"                { capabilities = ["read"] }
path "countersign/data/settings/database-default-password" { capabilities = ["read"] }
path "countersign/data/settings/database-owner-password"   { capabilities = ["read"] }

path "countersign-transit/keys/checkpoint"                 { capabilities = ["read"] }
path "countersign-transit/keys/checkpoint/rotate"          { capabilities = ["create", "update"] }
