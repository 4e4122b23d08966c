"""People, roles, sessions and second factors."""
