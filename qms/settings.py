"""All settings, read once from the environment; a bad value refuses the start.

The README lists them. With no DATABASE_URL the embedded plant's is used, which `qms.plant` leaves in VAR.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from qms import env, settings_archive, settings_backup, settings_shipping
from qms.build import read_build
from qms.content_policy import describe_content_policy
from qms.logs import describe_logging
from qms.plant.connection import read_connection, read_or_make_secret
from qms.schedule import describe_schedule
from qms.settings_keys import VAULT, add_passwords, read_secret  # noqa: F401  VAULT is a setting itself
from qms.settings_stamps import TSA_CA, TSA_POLICY, TSA_SECONDS, TSA_URL  # noqa: F401  settings by being named here

django_stubs_ext.monkeypatch()  # models.Field[...] as a base class

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.read_text("VAR", str(BASE_DIR / "var"))).resolve()
_build = read_build(BASE_DIR, commit=env.read_text("BUILD_COMMIT", ""))
BUILD_VERSION, BUILD_COMMIT, BUILD = _build.version, _build.commit, _build.label

# Where it listens and who may reach it -------------------------------------------------------
BIND = env.read_host("BIND", "127.0.0.1")
PORT = env.read_integer("PORT", 8000, low=1, high=65535)
SITE_URL = env.read_text("SITE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
_site = urlsplit(SITE_URL)
DEBUG, DEMO = (env.read_flag(name, default=False) for name in ("DEBUG", "DEMO"))
ENVIRONMENT = env.read_choice("ENVIRONMENT", "production", choices={"production", "test"})  # "test" is a banner
IS_SECURE = _site.scheme == "https"
_is_local = env.is_loopback(BIND) and env.is_loopback(_site.hostname or "?")
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured("SITE_URL must be an address such as https://qms.example.com.")
if DEBUG and not _is_local:
    raise ImproperlyConfigured("DEBUG shows internals: it is refused beyond this machine's loopback.")
if DEMO and not _is_local:
    raise ImproperlyConfigured("DEMO=1 shows one-time codes: BIND and SITE_URL must be loopback.")
if not IS_SECURE and not env.is_loopback(_site.hostname):
    raise ImproperlyConfigured("SITE_URL must be https:// beyond this machine's loopback.")
ALLOWED_HOSTS = env.refuse_open_hosts(
    "ALLOWED_HOSTS",
    [_site.hostname, *(["127.0.0.1", "localhost"] if _is_local else []), *env.read_list("ALLOWED_HOSTS")],
)
CSRF_TRUSTED_ORIGINS = [SITE_URL] if IS_SECURE else []
TRUSTED_PROXIES = env.read_integer("TRUSTED_PROXIES", 0, low=0, high=5)  # proxies whose headers count
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

# Data ----------------------------------------------------------------------------------------
DB_ROLE_PREFIX = env.read_text("DB_ROLE_PREFIX", "countersign")
DB_ROLES = {role: f"{DB_ROLE_PREFIX}_{role}" for role in ("owner", "app", "sealer")}
_database_url = env.read_optional("DATABASE_URL")
_embedded = {} if _database_url else read_connection(VAR)
IS_EMBEDDED = not _database_url or env.read_flag("EMBEDDED", default=False)
_urls = {
    "default": _database_url or _embedded.get("DATABASE_URL", f"postgres://app@/countersign?host={VAR}/stopped"),
    "owner": env.read_optional("OWNER_DATABASE_URL") or _embedded.get("OWNER_DATABASE_URL", ""),
    "sealer": env.read_optional("SEALER_DATABASE_URL") or _embedded.get("SEALER_DATABASE_URL", ""),
}
DATABASES: dict[str, dict[str, Any]] = {
    alias: env.parse_database(f"{alias} database address", url) for alias, url in add_passwords(_urls).items()
}
DATABASES["default"]["OPTIONS"].setdefault("options", "-c lock_timeout=8s -c idle_in_transaction_session_timeout=60s")
if "owner" in DATABASES and DATABASES["owner"]["USER"] == DATABASES["default"]["USER"]:
    raise ImproperlyConfigured("DATABASE_URL must not use the owner's role: migrate as owner, serve as app.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FILES_ROOT, KEYS_ROOT = (Path(env.read_text(f"{name}_ROOT", str(VAR / name.lower()))) for name in ("FILES", "KEYS"))
ARCHIVE = settings_archive.read_archive(VAR)
SHIPPING = settings_shipping.read_shipping()
BACKUP = settings_backup.read_backup(VAR, KEYS_ROOT, _embedded, is_embedded=IS_EMBEDDED)
SECRET_KEY = env.refuse_weak_secret(
    "SECRET_KEY",
    read_secret("SECRET_KEY") or (read_or_make_secret(KEYS_ROOT / "secret_key") if not _database_url else ""),
)
FILE_UPLOAD_PERMISSIONS = 0o440
DATA_UPLOAD_MAX_NUMBER_FILES = 5_000  # a lot is uploaded as a folder, one file per unit
SIMPLE_HISTORY_ENABLED = False  # PostgreSQL writes the history; the library only reads it

# Applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "qms.plant",
    "qms.accounts",
    "records",
    "signatures",
    "validation",
    "qms.releases",
    "qms.batches",
    "qms.validating",
    "qms.inspections",
    "qms.signing",
    "qms.backups",
    "qms.home",
    "qms.web",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "simple_history",
    "guardian",
    "django_otp",
    "django_htmx",
    "django_filters",
    "csp",
]
MIDDLEWARE = [
    "qms.web.middleware.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "qms.accounts.middleware.SessionLimitsMiddleware",
    "qms.web.middleware.ActorMiddleware",
    "qms.web.middleware.RefusalMiddleware",
    "qms.inspections.middleware.InspectorMiddleware",
]
ROOT_URLCONF = "qms.urls"
WSGI_APPLICATION = "qms.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "qms.web.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "qms.web.templatetags.language"],
        },
    },
]
FORM_RENDERER = "qms.web.forms.ShellRenderer"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DEMO_PLANT_HOOK = "qms.home.demo.ensure_plant"  # called by `manage.py ensure_demo`; returns lines to print

# People, sessions, cookies -------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "guardian.backends.ObjectPermissionBackend"]
ANONYMOUS_USER_NAME = None  # guardian's anonymous row: access without a person does not exist here
LOGIN_URL = "accounts:login"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
_validation = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_validation}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_validation}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_validation}.CommonPasswordValidator"},
]
ORGANISATION = env.read_text("ORGANISATION", "Unnamed organisation")  # stands in every certificate
SITE_NAME = env.read_text("SITE_NAME", "Countersign")
SIGNING_POLICY = env.read_text("SIGNING_POLICY", "")  # the site's own policy file, instead of the shipped one
SIGNING_SERIES = env.read_choice("SIGNING_SERIES", "strict", choices={"strict", "password"})  # 21 CFR 11.200(a)(1)(i)
OTP_TOTP_ISSUER = env.read_text("OTP_ISSUER", "Countersign")
SESSION_ENGINE = "qms.accounts.session_store"  # in the database: losing the broker logs nobody out
SESSION_IDLE_SECONDS, SESSION_IDLE_WARNING_SECONDS = 15 * 60, 13 * 60
SESSION_ABSOLUTE_SECONDS = 12 * 3600
SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
_prefix = "__Host-" if IS_SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_prefix}session", f"{_prefix}csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "qms.web.views.refuse_csrf"

# Headers -------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = IS_SECURE
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]  # asked by the supervisor over plain loopback
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if IS_SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = describe_content_policy()

# Words, time, static files -------------------------------------------------------------------
LANGUAGE_CODE, LANGUAGES, LOCALE_PATHS = "en", [("en", "English")], [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = env.read_text("SITE_TIME_ZONE", "UTC")
NAMES_LEFT = [name for name in ("ORGANISATION", "SITE_NAME", "SITE_TIME_ZONE") if not env.read_text(name, "")]
STATIC_URL, STATIC_ROOT, STATICFILES_DIRS = "static/", VAR / "static", [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "qms.web.storage.HashedFiles"
    },
}

# Mail: into VAR/mail until a server is named -------------------------------------------------
EMAIL_HOST = env.read_text("EMAIL_HOST", "")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
EMAIL_PORT = env.read_integer("EMAIL_PORT", 587, low=1, high=65535)
EMAIL_HOST_USER = env.read_text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = (read_secret("EMAIL_HOST_PASSWORD") or "") if EMAIL_HOST_USER else ""
EMAIL_USE_TLS = env.read_flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.read_text("DEFAULT_FROM_EMAIL", "countersign@localhost")
SECURITY_CONTACT = env.read_text("SECURITY_CONTACT", "security@localhost")  # gets lockout alerts

# Sealed ledger -------------------------------------------------------------------------------
LEDGER_ORIGIN = env.read_text("LEDGER_ORIGIN", f"{_site.hostname}/countersign")  # fixed by the first checkpoint
LEDGER_KEYS = env.read_list("LEDGER_KEYS")  # verifier keys trusted besides those published beside the keys
SEALER_KEYS_ROOT = Path(env.read_text("SEALER_KEYS_ROOT", str(KEYS_ROOT / "sealer")))  # the sealer's process only
SEAL_SECONDS = env.read_integer("SEAL_SECONDS", 3, low=1, high=3600)
SEAL_LAG_SECONDS = env.read_integer("SEAL_LAG_SECONDS", 60, low=5, high=86_400)  # beyond it, somebody is told
WITNESS_URL = env.read_text("WITNESS_URL", _embedded.get("WITNESS_URL", ""))
WITNESS_KEY = env.read_text("WITNESS_KEY", _embedded.get("WITNESS_KEY", ""))  # its verifier key, as it prints it

# Background work -----------------------------------------------------------------------------
BROKER_URL = env.parse_broker(
    "REDIS_URL", env.read_optional("REDIS_URL") or _embedded.get("REDIS_URL", f"unix://{VAR}/stopped.sock")
)
CELERY_BROKER_URL = BROKER_URL
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True  # no decision is read from a result back end
CELERY_TASK_DEFAULT_QUEUE = "default"
TASK_QUEUES = ("default", "inference", "documents")  # the worker's; `sealer` has a process of its own
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER, CELERY_WORKER_HIJACK_ROOT_LOGGER = 1, False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, int | str] = {  # a killed worker's task is given out again within this time
    "visibility_timeout": env.read_integer("TASK_VISIBILITY_SECONDS", 900, low=5, high=86_400),
    "unacked_restore_throttle": 1,
    "unacked_restore_interval": 5,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = describe_schedule(
    seal_seconds=SEAL_SECONDS, stamp_seconds=TSA_SECONDS, has_log_service=SHIPPING.kind != "off"
)

LOGGING = describe_logging(env.read_choice("LOG_LEVEL", "INFO", choices={"DEBUG", "INFO", "WARNING"}))
