#!/bin/sh
set -e
echo $$ >/run/app.pid
echo ready
