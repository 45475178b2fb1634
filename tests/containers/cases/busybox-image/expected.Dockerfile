FROM busybox:1.37
COPY www/ /www/
RUN addgroup -S -g 10001 app && adduser -S -D -u 10001 -G app -h /home/app -s /sbin/nologin app && chown 10001:10001 /home/app
USER 10001
CMD ["httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/www"]
