# Shared by the run.sh of jobs, offline and trust: runs commands as a person would, shows them, and checks what they answer.
# Sourced by them, in the folder of the example; needs POSIX sh, mktemp, sed and grep.

# Seconds that a step may take until what it waits for is there.
PATIENCE=90
WORK=$(mktemp -d)
# Settings of the caller must not change what the daemons do.
for setting in $(env | sed -n 's/^\(COREBRUM_[A-Z_]*\)=.*/\1/p'); do unset "$setting"; done

# The command that all steps run, as a file of its own, so that the process id of what runs in the background is its own.
case ${COREBRUM:=$(command -v corebrum || echo "$PWD/../../dist/cli.js")} in
  *.js) program="node \"$COREBRUM\"" ;;
  *) program="\"$COREBRUM\"" ;;
esac
mkdir "$WORK/bin"
printf '#!/bin/sh\nexec %s "$@"\n' "$program" > "$WORK/bin/corebrum"
chmod +x "$WORK/bin/corebrum"
PATH=$WORK/bin:$PATH

started=
leave () {
  code=$?
  trap - EXIT
  for pid in $started; do kill -9 "$pid" 2> "$WORK/none" || :; done
  rm -rf "$WORK"
  exit "$code"
}
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say () {
  printf '\n# %s\n' "$*"
}

give_up () {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

# The command line as one would type it.
show () {
  line='$'
  for word in "$@"; do
    case $word in
      *[!A-Za-z0-9_./:=@,+\&-]* | '') line="$line '$word'" ;;
      *) line="$line $word" ;;
    esac
  done
  printf '%s\n' "$line" | tidy
}

# Temporary folders are not worth reading.
tidy () {
  sed "s|$WORK|\$WORK|g"
}

# run COMMAND...: it must succeed. Its output is left in $WORK/out, what it says beside it in $WORK/err.
run () {
  refused 0 "$@"
}

# refused CODE COMMAND...: it must end with that exit code.
refused () {
  wanted=$1
  shift
  show "$@"
  code=0
  "$@" > "$WORK/out" 2> "$WORK/err" || code=$?
  cat "$WORK/err" "$WORK/out" | tidy
  [ "$code" = "$wanted" ] || give_up "that ended with exit code $code instead of $wanted"
}

# expect PATTERN: a line of the last command's output has it.
expect () {
  cat "$WORK/out" "$WORK/err" | grep -q -- "$1" || give_up "there is no line with $1 in that"
}

# lacks PATTERN: no line of the last command's output has it.
lacks () {
  if cat "$WORK/out" "$WORK/err" | grep -q -- "$1"; then give_up "there is a line with $1 in that"; fi
}

# until_it PATTERN COMMAND...: repeats the command until a line of its output has it, and shows the last one.
until_it () {
  wanted=$1
  shift
  show "$@"
  limit=$(($(date +%s) + PATIENCE))
  while :; do
    "$@" > "$WORK/out" 2> "$WORK/err" || :
    if cat "$WORK/out" "$WORK/err" | grep -q -- "$wanted"; then break; fi
    if [ "$(date +%s)" -gt "$limit" ]; then
      cat "$WORK/err" "$WORK/out"
      give_up "after $PATIENCE s there was no line with $wanted in that"
    fi
  done
  cat "$WORK/err" "$WORK/out" | tidy
}

# field NAME: of the JSON that the last command printed, the first field of this name.
field () {
  sed -n "s/^ *\"$1\": \"*\([^\",]*\)\"*,*\$/\1/p" "$WORK/out" | head -n 1
}

# The id that the last command printed: of the task that it waited for, or that it submitted with --detach.
id () {
  cat "$WORK/err" "$WORK/out" | sed -n 's/^\(task \|map \|\)\([0-9a-f]\{8\}-[0-9a-f-]\{27\}\)$/\2/p' | head -n 1
}

# daemon NAME OPTION...: starts one, with the data folder $WORK/NAME, and waits until it answers. Leaves its process id in
# $pid_NAME, its address in $address_NAME, its PeerId in $peer_NAME, and the end of that, which outputs show, in $short_NAME.
daemon () {
  name=$1
  shift
  set -- corebrum daemon --data-dir "$WORK/$name" --no-mdns --listen /ip4/127.0.0.1/tcp/0 "$@"
  show "$@" "&"
  "$@" > "$WORK/$name.log" 2>&1 &
  pid=$!
  started="$started $pid"
  until corebrum status --data-dir "$WORK/$name" > "$WORK/out" 2> "$WORK/err"; do
    if ! kill -0 "$pid" 2> "$WORK/none"; then
      cat "$WORK/$name.log"
      give_up 'that daemon ended'
    fi
  done
  peer=$(field peerId)
  eval "pid_$name=$pid peer_$name=$peer short_$name=${peer#"${peer%????????}"} address_$name=$(sed -n 's|^ *"\(/ip4/[^"]*\)".*|\1|p' "$WORK/out" | head -n 1)"
  cat "$WORK/$name.log" | tidy
}

# crash NAME: what a power failure does to a daemon.
crash () {
  eval "pid=\$pid_$1"
  show kill -9 "$pid"
  kill -9 "$pid"
  # The shell says that it was killed.
  wait "$pid" 2> "$WORK/none" || :
}
