FROM python:3-slim
WORKDIR /app
COPY server.py entrypoint.sh ./
RUN mkdir /data
ENV STATE=/data
USER 10001:10001
ENTRYPOINT ["/app/entrypoint.sh"]
CMD ["python", "server.py"]
