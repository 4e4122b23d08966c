"""Speed as ratios of neighbouring measurements in one run, never as an asserted time."""
