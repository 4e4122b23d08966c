"""How gunicorn serves: 2 processes of 4 threads, on the address the settings also read; the code is read in once."""

import os
from pathlib import Path

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = 2
threads = 4
preload_app = True  # a broken installation ends the start, and a process that died is back at once
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a heartbeat file; never on a slow disk
timeout = 120  # seconds; a large upload is read within one request
graceful_timeout = 20
keepalive = 5
proc_name = "countersign"
control_socket_disable = True  # the supervisor is the only control
