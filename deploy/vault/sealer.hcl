# What the sealer may do: the checkpoint key, its own database role, the archive. No seeds, no authority, no seal.

path "countersign/data/settings/secret-key"                { capabilities = ["read"] }
path "countersign/data/settings/database-default-password" { capabilities = ["read"] }
path "countersign/data/settings/database-sealer-password"  { capabilities = ["read"] }
path "countersign/data/settings/s3-access-key"             { capabilities = ["read"] }
path "countersign/data/settings/s3-secret-key"             { capabilities = ["read"] }

# The site's certificates, which are public: the nightly verification checks every signature.
path "countersign/data/keystore/site-authority-certificate*" { capabilities = ["read"] }
path "countersign/data/keystore/site-seal-certificate*"    { capabilities = ["read"] }

path "countersign-transit/keys/checkpoint"                 { capabilities = ["create", "update", "read"] }
path "countersign-transit/sign/checkpoint"                 { capabilities = ["create", "update"] }
path "countersign-transit/sign/checkpoint/*"               { capabilities = ["create", "update"] }

# Signs the results of verifications.
path "countersign-transit/keys/verification"               { capabilities = ["create", "update", "read"] }
path "countersign-transit/sign/verification"               { capabilities = ["create", "update"] }
path "countersign-transit/sign/verification/*"             { capabilities = ["create", "update"] }
