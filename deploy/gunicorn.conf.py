"""How gunicorn serves: 2 processes of 4 threads, on the address the settings also read."""

import os
from pathlib import Path

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# Not preloaded: forked after ONNX Runtime was loaded, a process hung at its end on a thread it did not have.
workers = 2
threads = 4
worker_class = "gthread"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a heartbeat file; never on a slow disk
timeout = 120  # seconds; a large upload is read within one request
graceful_timeout = 20
keepalive = 5
proc_name = "countersign"
control_socket_disable = True  # the supervisor is the only control
