FROM registry.example.com/team/python:7
USER root
COPY server.py /opt/web/
USER 4321
CMD ["python", "/opt/web/server.py"]
