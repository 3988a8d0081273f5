"""How gunicorn runs the gateway: `gunicorn --config backend/gateway/gunicorn_conf.py`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import gunicorn.http.wsgi
from pydantic import ValidationError

from backend.gateway import drain, stray_failures, unread_bodies
from backend.settings import Settings, bracketed, problems_in
from backend.web import api_keys, logs

try:
    _settings = Settings()
except ValidationError as _error:
    sys.exit("gateway: " + "; ".join(problems_in(_error)))


def _refuse_wrong_keys(file: Path | None) -> None:
    problems = api_keys.read(file).problems if file is not None else ()
    if problems:
        sys.exit("gateway: FRAMEGATE_API_KEYS_FILE: " + "; ".join(problems))


# Workers count into files of this folder, so that any of them can answer /metrics for all.
# prometheus_client looks for the name when it is first imported, so nothing here imports it sooner.
_PREFIX = "framegate-metrics-"
for _left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
    # A gateway that was killed could not remove its own.
    _pid = _left.name.removeprefix(_PREFIX).split("-")[0]
    if not Path("/proc", _pid).exists():
        shutil.rmtree(_left, ignore_errors=True)
_metrics_dir = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
if not Path(_metrics_dir).name.startswith(f"{_PREFIX}{os.getpid()}-"):  # else: SIGHUP, same process
    # After SIGHUP the gateway goes on with the keys that are right; see access.read_callers.
    _refuse_wrong_keys(_settings.api_keys_file)
    _metrics_dir = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _metrics_dir

# Its `Server` header; what answers, and in which version, is nobody's business.
gunicorn.http.wsgi.SERVER = "framegate"

wsgi_app = "backend.gateway.app:create_app()"
bind = f"{bracketed(_settings.host)}:{_settings.port}"
workers = _settings.workers
worker_class = "gevent"
worker_connections = 1000
# A camera comes back every 2 s: its connection must outlive the pause. This is also how long
# a caller may take over its headers.
keepalive = 5
# Longer than a picture may take to be scored; who waits for the zoo to load a model is cut off,
# since open camera pages hold idle connections for all of it, and a stop must not take minutes.
graceful_timeout = 4
# Nothing uses it, and what is not there needs no guarding.
control_socket_disable = True
loglevel = _settings.log_level
errorlog = "-"
logger_class = "backend.web.server_log.ServerLog"
logconfig_dict = logs.configuration(_settings.log_level)
proc_name = "framegate-gateway"
if _settings.tls_cert is not None and _settings.tls_key is not None:
    certfile = str(_settings.tls_cert)
    keyfile = str(_settings.tls_key)


def when_ready(server: Any) -> None:
    if _settings.drain_s > 0:
        drain.hold_back_stop(_settings.drain_s)


def pre_request(worker: Any, request: Any) -> None:
    if drain.under_way():
        request.force_close()


def post_worker_init(worker: Any) -> None:
    stray_failures.log_them()


def post_request(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    unread_bodies.drop(req)


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    shutil.rmtree(_metrics_dir, ignore_errors=True)
