FROM python:3-slim
WORKDIR /app
COPY server.py .
RUN useradd --no-log-init --uid 10001 --gid 0 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:0 /app /home/app && chmod g=u /app /home/app
ENV HOME=/home/app
USER 10001
CMD ["python", "server.py"]
