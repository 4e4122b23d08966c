"""Examples of validation: requirements of the shipped pipeline, and what its automated tests said."""
