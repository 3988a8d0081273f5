# Triton with what the models import, and with the models of triton_models/. What the model zoo
# fetched or made is mounted at /zoo.
# By tag alone: no registry was at hand to learn the digest from. With one, pin it:
# --build-arg TRITON_IMAGE=nvcr.io/nvidia/tritonserver:24.10-py3@sha256:…
ARG TRITON_IMAGE=nvcr.io/nvidia/tritonserver:24.10-py3
FROM ${TRITON_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Framegate's Triton" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
COPY triton_runtime/requirements.txt /tmp/requirements.txt
RUN python3 -m pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt
COPY deploy/triton-entrypoint.sh /usr/local/bin/
COPY triton_models /models
# A folder's name is no secret.
# hadolint ignore=DL3064
ENV FRAMEGATE_SECRETS_DIR=/run/secrets \
    FRAMEGATE_QUALITY_MODEL=baseline-synthetic \
    FRAMEGATE_TRITON_CONFIG=cpu \
    FRAMEGATE_TRITON_HTTP_PORT=8003 \
    FRAMEGATE_TRITON_GRPC_PORT=8001 \
    FRAMEGATE_TRITON_METRICS_PORT=8002
EXPOSE 8001 8002 8003
# The image's own user triton-server, by number, since Kubernetes asks for one.
USER 1000:1000
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s \
    CMD ["sh", "-c", "curl -sf http://127.0.0.1:$FRAMEGATE_TRITON_HTTP_PORT/v2/models/$FRAMEGATE_QUALITY_MODEL/ready"]
ENTRYPOINT ["triton-entrypoint.sh"]
