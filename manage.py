#!/usr/bin/env python
"""The command line; without DATABASE_URL it brings the embedded servers along."""

import sys

from qms.plant.commandline import run

if __name__ == "__main__":
    sys.exit(run(sys.argv))
