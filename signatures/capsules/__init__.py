"""Evidence capsules: one zip that proves itself on any computer. Enter by `building`, `scopes`, `importing`."""
