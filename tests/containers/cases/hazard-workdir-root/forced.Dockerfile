FROM debian:bookworm-slim
WORKDIR /root
COPY run.sh .
USER 10001:10001
CMD ["./run.sh"]
