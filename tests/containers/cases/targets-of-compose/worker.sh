#!/bin/sh
set -e
touch done
echo "worked in $PWD"
