FROM alpine:3.22
RUN adduser -D -u 1001 web
COPY www/ /www/
USER 1001
CMD ["httpd", "-f", "-p", "127.0.0.1:8080", "-h", "/www"]
