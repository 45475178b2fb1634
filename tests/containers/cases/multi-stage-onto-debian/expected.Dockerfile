FROM debian:bookworm-slim AS build
WORKDIR /src
COPY app .
RUN install -D -m 0755 app /out/app

FROM debian:bookworm-slim
COPY --from=build /out/app /usr/local/bin/app
WORKDIR /srv/state
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:10001 /srv/state
EXPOSE 8080
USER 10001
ENTRYPOINT ["app"]
CMD ["/srv/state"]
