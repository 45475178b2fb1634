FROM python:3-slim AS base
WORKDIR /app

FROM base AS web
COPY server.py .
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:10001 /app
USER 10001
CMD ["python", "server.py"]

FROM base AS worker
COPY worker.sh .
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:10001 /app
USER 10001
CMD ["./worker.sh"]
