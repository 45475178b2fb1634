FROM python:3-slim
RUN groupadd -g 1234 web && useradd -u 1234 -g web -m web
WORKDIR /app
COPY server.py .
RUN mkdir -p /var/lib/web && chown web:web /var/lib/web
ENV STATE=/var/lib/web
USER 1234
CMD ["python", "server.py"]
