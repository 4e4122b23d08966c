# What an administrator's own shell may do beyond the web's policy, for the time of the work: migrate, rotate, renew.

path "countersign/data/settings/secret-key"                { capabilities = ["read"] }
path "countersign/data/settings/database-default-password" { capabilities = ["read"] }
path "countersign/data/settings/database-owner-password"   { capabilities = ["read"] }

path "countersign-transit/keys/checkpoint"                 { capabilities = ["read"] }
path "countersign-transit/keys/checkpoint/rotate"          { capabilities = ["create", "update"] }

# Renewing a certificate of the site: the authority signs the next one, the seal gets a new version of its key.
path "countersign/data/keystore/site-authority-certificate*" { capabilities = ["create", "read"] }
path "countersign/data/keystore/site-seal-certificate*"    { capabilities = ["create", "read"] }
path "countersign-transit/keys/site-authority"             { capabilities = ["read"] }
path "countersign-transit/sign/site-authority"             { capabilities = ["create", "update"] }
path "countersign-transit/sign/site-authority/*"           { capabilities = ["create", "update"] }
path "countersign-transit/keys/site-seal"                  { capabilities = ["create", "update", "read"] }
path "countersign-transit/keys/site-seal/rotate"           { capabilities = ["create", "update"] }
