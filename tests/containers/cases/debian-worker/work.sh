#!/bin/sh
set -e
echo "$(wc -l <input.txt) lines in $PWD"
