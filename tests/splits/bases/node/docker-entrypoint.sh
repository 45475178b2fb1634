#!/bin/sh
# An option or a script is for node; a command is run as it is.
set -e
if [ "${1#-}" != "$1" ] || ! command -v "$1" >/dev/null; then
    set -- node "$@"
fi
exec "$@"
