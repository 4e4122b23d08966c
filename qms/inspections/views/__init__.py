"""The pages of the regulator's rooms."""
