FROM python:3-slim AS base
RUN useradd --uid 1300 --create-home svc
WORKDIR /app
RUN chown svc /app
USER svc

FROM base
USER root
RUN ln -s /app /var/app
COPY server.py .
USER 1300
CMD ["python", "server.py"]
