FROM debian:bookworm-slim AS build
WORKDIR /src
COPY app .
RUN install -D -m 0755 app /out/app && install -d -m 1777 /out/state

FROM scratch
COPY --from=build /out/ /
USER 65532:65532
ENTRYPOINT ["/app"]
CMD ["/state"]
