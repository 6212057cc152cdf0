#!/bin/sh
# Tells the time:  msn bot -- sh clock.sh
read -r event
case $event in
*'"type":"message"'*) date '+{"text": "It is %H:%M here"}' ;;
*) echo '{"nudge": true}' ;;
esac
