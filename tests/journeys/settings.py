"""The settings of the site that journeys visit: the demonstration on the test servers, with quick codes."""

from tests import servers
from tests.settings import *  # noqa: F403  the test databases and cheap passwords

DEMO = True
DEMO_PLANT_HOOK = "tests.journeys.plant.ensure_plant"
WHITENOISE_USE_FINDERS = True  # static files as they are, without collecting them
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
ORGANISATION = "Example Pharma, demonstration"
CELERY_BROKER_TRANSPORT_OPTIONS = {  # two sites may share one broker
    **CELERY_BROKER_TRANSPORT_OPTIONS,  # noqa: F405
    "global_keyprefix": f"{servers.DATABASE}:",
}
