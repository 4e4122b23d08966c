"""The pages of batches, imports, runs and master data."""
