FROM debian:bookworm-slim
COPY run.sh /run.sh
USER 33
CMD ["setpriv", "--reuid=33", "--regid=33", "--init-groups", "/run.sh"]
