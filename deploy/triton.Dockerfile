# Triton with what the models import. The models themselves are mounted at /models.
FROM nvcr.io/nvidia/tritonserver:24.10-py3
COPY triton_runtime/requirements.txt /tmp/requirements.txt
RUN python3 -m pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt
COPY deploy/triton-entrypoint.sh /usr/local/bin/
USER triton-server
ENTRYPOINT ["triton-entrypoint.sh"]
