"""Runs a job module: calls its main(), retries, and logs each attempt as one JSON line on standard error.

    python -m runner MODULE

JOB_ATTEMPTS (default 1) and JOB_RETRY_SECONDS (default 5) say how often and how soon to try again.
"""

import importlib
import json
import os
import sys
import time
import traceback


def log(**fields) -> None:
    print(json.dumps(fields), file=sys.stderr, flush=True)


def run(name: str, attempts: int, pause: float) -> int:
    # python -m puts the working directory, the job's folder, first on the module path.
    job = importlib.import_module(name)
    for attempt in range(1, attempts + 1):
        started = time.monotonic()
        try:
            job.main()
        except Exception:
            log(job=name, attempt=attempt, ok=False, seconds=round(time.monotonic() - started, 3))
            traceback.print_exc()
        else:
            log(job=name, attempt=attempt, ok=True, seconds=round(time.monotonic() - started, 3))
            return 0
        if attempt < attempts:
            time.sleep(pause)
    return 1


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: python -m runner MODULE", file=sys.stderr)
        return 2
    attempts = int(os.environ.get("JOB_ATTEMPTS", "1"))
    pause = float(os.environ.get("JOB_RETRY_SECONDS", "5"))
    return run(sys.argv[1], attempts, pause)


if __name__ == "__main__":
    sys.exit(main())
