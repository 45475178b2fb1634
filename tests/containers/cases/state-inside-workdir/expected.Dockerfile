FROM python:3-slim
WORKDIR /app
COPY server.py .
ENV STATE=data
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:10001 /app
USER 10001
CMD ["python", "server.py"]
