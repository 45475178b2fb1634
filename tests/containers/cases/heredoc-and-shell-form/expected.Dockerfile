FROM python:3-slim
ARG HOME_OF_APP=/srv/app
WORKDIR $HOME_OF_APP
RUN <<EOF
mkdir -p /etc/motd.d
echo welcome >/etc/motd.d/app
EOF
COPY <<-motd /etc/issue
	This is ${HOME_OF_APP}
motd
COPY server.py \
    # a comment inside
    ./
RUN groupadd --gid 10001 app \
 && useradd --no-log-init --uid 10001 --gid 10001 --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
 && chown 10001:10001 /srv/app
ENV PORT=8090
EXPOSE 8090
USER 10001
CMD exec python server.py
