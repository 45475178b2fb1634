#!/bin/sh
set -e
echo one two three >report.txt
echo "report of $(wc -w <report.txt) words"
