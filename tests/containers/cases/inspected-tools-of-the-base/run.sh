#!/bin/sh
set -e
echo done >result
echo worked
