FROM nginxinc/nginx-unprivileged:1.27
USER root
RUN chmod 1777 /var/cache/nginx
COPY html/ /usr/share/nginx/html/
USER 101
