"""The two questions a supervisor or load balancer asks; they tell nothing else."""

from __future__ import annotations

import logging

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from qms.plant.valkey import ask_once

logger = logging.getLogger(__name__)
BROKER_TIMEOUT_SECONDS = 2.0


@require_safe
@never_cache
def livez(request: HttpRequest) -> JsonResponse:
    """Answer that this process serves requests."""
    return JsonResponse({"live": True})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer whether database, migrations and broker are there; 503 names what is not."""
    parts = {"database": is_database_ready(), "broker": is_broker_ready()}
    ready = all(parts.values())
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def is_database_ready() -> bool:
    """Tell whether the database answers and has every migration of this software."""
    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        logger.exception("The database is not ready.")
        return False


def is_broker_ready() -> bool:
    """Tell whether the broker answers."""
    address = settings.BROKER_URL.replace("redis+socket://", "unix://", 1)
    try:
        with redis.Redis.from_url(address, socket_timeout=BROKER_TIMEOUT_SECONDS, retry=ask_once()) as broker:
            return bool(broker.ping())
    except redis.RedisError:
        logger.exception("The broker is not ready.")
        return False
