# The gateway and the monitor: one image, two commands.
FROM python:3.11-slim-bookworm
WORKDIR /app
COPY requirements/app.txt /tmp/app.txt
RUN python -m pip install --no-cache-dir --no-deps --require-hashes -r /tmp/app.txt \
    && rm /tmp/app.txt \
    && useradd --system --no-create-home framegate
COPY backend backend
COPY monitor monitor
USER framegate
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
CMD ["gunicorn", "--config", "backend/gateway/gunicorn_conf.py"]
