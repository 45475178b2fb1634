FROM registry.example.com/team/base:7
WORKDIR /work
COPY run.sh /run.sh
RUN addgroup -S -g 10001 app && adduser -S -D -u 10001 -G app -h /home/app -s /sbin/nologin app && chown 10001:10001 /work
USER 10001
CMD ["/run.sh"]
