"""The validation engineer's desk: pages over the rules of the validation floor."""
