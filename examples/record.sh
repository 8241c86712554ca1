#!/bin/sh
# Records ten seconds of a channel, without encoding it again: sh record.sh http://127.0.0.1:8080/demo.mp4 out.mp4
exec ffmpeg -loglevel error -y -t 10 -i "$1" -c copy "$2"
