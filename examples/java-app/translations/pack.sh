#!/bin/sh
# Writes ../lib/translations.jar; the same input gives the same bytes.
set -eu
cd "$(dirname "$0")"
jar --create --no-manifest --date=2026-01-01T00:00:00Z --file ../lib/translations.jar holidays*.properties
