FROM debian:bookworm-slim
COPY check.sh /usr/local/bin/check
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && true
USER 10001
CMD ["check"]
