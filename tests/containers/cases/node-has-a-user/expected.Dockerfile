FROM node:22
WORKDIR /app
COPY server.py .
RUN chown 1000:1000 /app
EXPOSE 8080
USER 1000
CMD ["python3", "server.py"]
