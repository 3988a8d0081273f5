# Framegate's own images, a target each: gateway, enrichment, monitor, loadtest, models, fetch.
# The base is named by tag alone: no registry was at hand to learn its digest from. With one, pin it:
# --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
RUN python -m venv /venv
COPY requirements/app.txt /tmp/app.txt
RUN /venv/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r /tmp/app.txt

# By version, without hashes: which build of PyTorch suits depends on the machine.
FROM ${PYTHON_IMAGE} AS packages-torch
RUN python -m venv /venv
COPY requirements/torch.txt /tmp/torch.txt
RUN /venv/bin/python -m pip install --no-cache-dir -r /tmp/torch.txt

FROM ${PYTHON_IMAGE} AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Framegate" \
    org.opencontainers.image.description="Camera frames to a Triton server" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 framegate \
    && useradd --uid 10001 --gid framegate --no-create-home --shell /usr/sbin/nologin framegate
WORKDIR /app
# A folder's name is no secret.
# hadolint ignore=DL3064
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    FRAMEGATE_SECRETS_DIR=/run/secrets

FROM base AS service
COPY --from=packages /venv /venv
COPY deploy/healthcheck.py deploy/healthcheck.py
COPY backend backend
COPY monitor monitor
USER 10001:10001

FROM service AS gateway
ENV FRAMEGATE_HOST=0.0.0.0
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s \
    CMD ["python", "deploy/healthcheck.py", "http://127.0.0.1:8000/health/ready"]
CMD ["gunicorn", "--config", "backend/gateway/gunicorn_conf.py"]

# Uploads of clips lie in /spool until they are decoded, measurements of models stay in /data.
FROM service AS enrichment
USER 0
RUN install -d -o framegate -g framegate /data /spool
USER 10001:10001
ENV FRAMEGATE_ENRICHMENT_HOST=0.0.0.0 FRAMEGATE_ZOO_MEASUREMENTS=/data/measured.json TMPDIR=/spool
VOLUME ["/data", "/spool"]
EXPOSE 8010
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s \
    CMD ["python", "deploy/healthcheck.py", "http://127.0.0.1:8010/health/live"]
CMD ["gunicorn", "--config", "backend/enrichment/gunicorn_conf.py"]

FROM service AS monitor
EXPOSE 9105
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s \
    CMD ["python", "deploy/healthcheck.py", "http://127.0.0.1:9105/metrics"]
CMD ["python", "-m", "monitor", "export", "--host", "0.0.0.0", "--gateway", "http://gateway:8000"]

# Its runs lie in /app/runs. A run ends by itself, so there is nothing to ask about its health.
FROM service AS loadtest
COPY loadtest loadtest
COPY deploy/loadtest-entrypoint.sh /usr/local/bin/
USER 0
RUN install -d -o framegate -g framegate /app/runs
USER 10001:10001
VOLUME ["/app/runs"]
ENTRYPOINT ["loadtest-entrypoint.sh"]
CMD ["python", "-m", "loadtest", "--host", "http://gateway:8000"]

# Jobs that fill /zoo, the model zoo's repository, and end: stand-ins, which need no PyTorch …
FROM service AS models
COPY scripts scripts
COPY triton_runtime triton_runtime
USER 0
RUN install -d -o framegate -g framegate /zoo
USER 10001:10001
VOLUME ["/zoo"]
CMD ["python", "-m", "scripts.make_standins", "--all", "--repository", "/zoo"]

# … and models from their sources: docker compose run --rm fetch pet-classifier
FROM base AS fetch
COPY --from=packages-torch /venv /venv
COPY backend backend
COPY scripts scripts
COPY triton_runtime triton_runtime
RUN install -d -o framegate -g framegate /zoo /downloads
USER 10001:10001
VOLUME ["/zoo", "/downloads"]
ENTRYPOINT ["python", "-m", "scripts.fetch_models", "--repository", "/zoo", \
    "--downloads", "/downloads", "--lock", "/downloads/revisions.lock.toml"]
CMD ["--list"]
