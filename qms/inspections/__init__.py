"""What a regulator's inspector sees; read-only."""
