"""What `serve` and `demo` share: one supervised plant on the embedded servers."""

import socket
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qms.plant.embedded import Embedded, launcher_lock
from qms.plant.errors import PlantError
from qms.plant.supervisor import Supervisor


def is_port_free(bind: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError:
            return False
    return True


class PlantCommand(BaseCommand):
    """Run the plant on BIND and PORT until Ctrl-C or SIGTERM."""

    requires_system_checks: list[str] = []
    with_demonstration = False

    def handle(self, *args: Any, **options: Any) -> None:
        """Supervise the plant."""
        if not is_port_free(settings.BIND, settings.PORT):
            raise CommandError(f"Port {settings.PORT} is in use; set PORT, for example PORT={settings.PORT + 1}.")
        try:
            with launcher_lock(settings.VAR, self.__module__.rpartition(".")[2]):
                self._say("Starting the plant; the first start makes its data and takes a minute or two.")
                supervisor = Supervisor(
                    Embedded(settings.VAR),
                    bind=settings.BIND,
                    port=settings.PORT,
                    host=urlsplit(settings.SITE_URL).hostname or settings.BIND,
                    with_demonstration=self.with_demonstration,
                    say=self._say,
                )
                supervisor.run()
        except PlantError as problem:
            raise CommandError(str(problem)) from problem
        self._say("The plant has stopped.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
