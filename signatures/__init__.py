"""Who signed what, meaning what, and how to check it (floor 2)."""
