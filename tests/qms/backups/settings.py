"""The settings of processes that backups start: the product's own, from the environment, with the tests' papers."""

from qms.settings import *  # noqa: F403  the environment is what it reads

CONTAINER_ROUNDS = (1_000, 1_000)
INSTALLED_APPS = [*INSTALLED_APPS, "tests.papers.apps.PapersConfig"]  # noqa: F405  their tables are in the test database
