FROM gcr.io/distroless/static-debian12:latest
COPY app /app
USER 65532:65532
ENTRYPOINT ["/app", "/tmp/state"]
