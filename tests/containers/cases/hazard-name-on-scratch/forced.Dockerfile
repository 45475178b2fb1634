FROM scratch
COPY app /app
COPY --chown=65532:65532 state/ /state/
USER nonroot
ENTRYPOINT ["/app", "/state", "--once"]
