"""How gunicorn runs the model zoo: `gunicorn --config backend/enrichment/gunicorn_conf.py`."""

import sys

import gunicorn.http.wsgi
from pydantic import ValidationError

from backend.enrichment.app import THREADS
from backend.enrichment.catalog import CatalogInvalid, load
from backend.enrichment.settings import Settings
from backend.settings import bracketed, problems_in
from backend.web import logs

try:
    _settings = Settings()
    load()
except ValidationError as _error:
    sys.exit("enrichment: " + "; ".join(problems_in(_error)))
except CatalogInvalid as _error:
    sys.exit("enrichment: the catalogue is wrong:\n  " + "\n  ".join(_error.problems))

gunicorn.http.wsgi.SERVER = "framegate"

wsgi_app = "backend.enrichment.app:create_app()"
bind = f"{bracketed(_settings.enrichment_host)}:{_settings.enrichment_port}"
# One process, always: it counts who uses which model, which several could not.
workers = 1
worker_class = "gthread"
threads = THREADS
# The gateway's connections rest between requests.
keepalive = 75
graceful_timeout = 5
control_socket_disable = True
loglevel = _settings.log_level
errorlog = "-"
logger_class = "backend.web.server_log.ServerLog"
logconfig_dict = logs.configuration(_settings.log_level)
proc_name = "framegate-enrichment"
