FROM scratch
COPY app /app
USER nonroot
ENTRYPOINT ["/app", "/state", "--once"]
