"""The product's settings, pointed at the test databases; cheap passwords, plain static files."""

import os
import secrets

from tests import servers

os.environ.update(
    DATABASE_URL=servers.address_of(servers.ROLES.app),
    OWNER_DATABASE_URL=servers.address_of(servers.ROLES.owner),
    SEALER_DATABASE_URL=servers.address_of(servers.ROLES.sealer),
    DB_ROLE_PREFIX=servers.ROLE_PREFIX,
    TEST_ADMIN_URL=servers.ADMIN_URL,
    REDIS_URL=servers.REDIS_URL,
    VAR=str(servers.VAR),
)
os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))

from qms.settings import *  # noqa: F403  the environment above is what it reads

CONTAINER_ROUNDS = (1_000, 1_000)  # the shipped strength has its own test
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405  WhiteNoise warns where it is missing
INSTALLED_APPS = [*INSTALLED_APPS, "tests.papers.apps.PapersConfig"]  # noqa: F405  a kind of record of our own
# Runs that share a server never take each other's messages.
CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{servers.DATABASE}:"  # noqa: F405
