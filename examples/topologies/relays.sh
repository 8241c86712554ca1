#!/bin/sh
# One hub with the source, two in the middle, three at the edge, all on this machine.
# Each edge knows both in the middle: kill one, and the pictures go on.
#
#   relays.sh [SOURCE [FIRST-PORT]]      then open http://127.0.0.1:8080/topology
set -eu
source=${1:-cam=pattern:}
port=${2:-8080}
televise=${TELEVISE:-televise}

trap 'trap - EXIT; kill 0' EXIT INT TERM

hub() { # PORT-OFFSET OPTIONS...
    offset=$1
    shift
    $televise serve --port $((port + offset)) --rtmp off "$@" &
}

at() { # PORT-OFFSET
    echo "ws://127.0.0.1:$((port + $1))"
}

hub 0 "$source"
hub 1 --upstream "$(at 0)"
hub 2 --upstream "$(at 0)"
hub 3 --upstream "$(at 1)" --upstream "$(at 2)"
hub 4 --upstream "$(at 2)" --upstream "$(at 1)"
hub 5 --upstream "$(at 1)" --upstream "$(at 2)"
wait
