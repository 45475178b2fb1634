FROM python:3-slim
RUN useradd --uid 1500 --create-home web
WORKDIR /app
RUN chown web /app
COPY server.py .
USER 1500
CMD ["python", "server.py"]
