#!/bin/sh
set -e
export PORT="${PORT:-8080}"
exec "$@"
