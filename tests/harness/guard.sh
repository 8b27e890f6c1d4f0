#!/bin/sh
# Stops a test's PostgreSQL and removes its folder when the process that started it is gone,
# however it went: an interrupt, a kill, an abort. Nothing in that process could do it then.
#
#   guard.sh FOLDER
#
# Standard input is a pipe from that process, whose end says that it is gone. Lines on it: the pid
# of the server that runs now, `none` when it has been stopped, `done` when all is cleaned up.
folder=$1
pid=none
# An interrupt at the terminal reaches the whole group; this is what cleans up after it.
trap '' INT TERM HUP
while read -r word; do
  [ "$word" = done ] && exit 0
  pid=$word
done
if [ "$pid" != none ]; then
  kill -QUIT "$pid" 2>/dev/null
  tries=0
  # The lock file goes with the server; the pid may stay for a while where nobody collects it.
  while [ -e "$folder/data/postmaster.pid" ] && kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  [ $tries -eq 100 ] && kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$folder"
