ARG PYTHON=3.13
FROM python:${PYTHON}-slim

ENV PYTHONUNBUFFERED 1
ENV PYTHONPATH /opt

ADD runner /opt/runner
WORKDIR /job

# These run in the build of each job, with that job's folder as the context
ONBUILD ADD requirements.txt /job/
ONBUILD RUN pip install --no-cache-dir -r /job/requirements.txt
ONBUILD ADD . /job/

CMD ["python", "-m", "runner", "job"]
