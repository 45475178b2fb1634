import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
accesslog = "-"
# Heartbeat files in memory: on overlayfs a worker can stall on them.
worker_tmp_dir = "/dev/shm"
