#!/bin/sh
set -e
chown -R www-data /data
exec setpriv --reuid=www-data --regid=www-data --init-groups "$@"
