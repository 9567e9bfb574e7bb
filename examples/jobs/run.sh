#!/bin/sh
# Whole jobs on three daemons: a pipeline, maps, recurring tasks, and where and when tasks run. See README.md.
set -eu
cd "$(dirname "$0")"
. ../steps.sh
PRIMES=../../task_definitions/wasm/primes.yaml

say 'Two machines that work, and a desk that only submits.'
daemon left --worker-count 1 --label room=cellar
daemon right --worker-count 1 --label room=attic
daemon desk --worker-count 0 --peer "$address_left" --peer "$address_right"
export COREBRUM_DATA_DIR="$WORK/desk"
until_it '"peers": 2' corebrum status
run corebrum peers

say 'A pipeline: independent steps, a condition, a step that is skipped.'
run corebrum validate survey.yaml
run corebrum submit --file survey.yaml --input '{"text": "the quick brown fox", "values": [2, 4, 4, 4, 5, 5, 7, 9]}'
expect '^{"result":"quick"}$'
job=$(id)
run corebrum status "$job" --chain
expect '"name": "backwards"'
run corebrum results "$job" --chain
expect '"count":4,"longest":"quick"'
run corebrum results "$job" --chain --format text
run corebrum logs "$job" --chain
expect 'stats: 8 values'

say 'A map: one task for each line of a file, and for each number of a range.'
run corebrum submit --quiet --file "$PRIMES" --map @limits.ndjson
expect '^{"index":4,"outputs":{"result":9592}}$'
run corebrum submit --quiet --file "$PRIMES" --map limit=0..100..25 --unordered --output "$WORK/primes.ndjson"
run sort "$WORK/primes.ndjson"
expect '^{"index":4,"outputs":{"result":25}}$'
run corebrum submit --quiet --file "$PRIMES" --map @limits.ndjson --reduce total.yaml
expect '"sum":11018'

say 'A map of 20,000 inputs, interrupted by Ctrl-C and resumed: what has run does not run again.'
show corebrum submit --file "$PRIMES" --map limit=1..20000 --output "$WORK/all.ndjson" "&"
corebrum submit --file "$PRIMES" --map limit=1..20000 --output "$WORK/all.ndjson" 2> "$WORK/map" &
map=$!
started="$started $map"
until_it '"index":1000,' grep '"index":1000,' "$WORK/all.ndjson"
show kill -INT "$map"
kill -INT "$map"
code=0
wait "$map" || code=$?
cat "$WORK/map"
[ "$code" = 5 ] || give_up "that ended with exit code $code instead of 5, which means cancelled"
job=$(sed -n 's/^resume with: .* --resume \([^ ]*\).*/\1/p' "$WORK/map")
run corebrum status "$job"
expect '"paused": true'
run corebrum submit --quiet --resume "$job" --output "$WORK/all.ndjson"
run wc -l "$WORK/all.ndjson"
expect '^20000 '
run tail -n 1 "$WORK/all.ndjson"
expect '^{"index":19999,"outputs":{"result":2262}}$'

say 'Again and again: three times, and until it is cancelled.'
run corebrum submit --quiet --file three.yaml
expect '{"result":5040}'
run corebrum submit --file beat.yaml --detach
job=$(id)
until_it '"done": [2-9]' corebrum status "$job"
run corebrum cancel "$job"
run corebrum status "$job"
expect '"state": "CANCELLED"'

say 'Where it runs: on a machine with a label, on a certain one.'
run corebrum submit --file "$PRIMES" --require room=cellar
expect "COMPLETED on .*$short_left"
run corebrum submit --file "$PRIMES" --on "$peer_right"
expect "COMPLETED on .*$short_right"

say 'On one that is not there yet; and when it comes, the more important task runs first, although it was submitted last.'
run corebrum submit --file "$PRIMES" --require room=roof --detach
low=$(id)
run corebrum submit --file "$PRIMES" --require room=roof --priority 10 --detach
high=$(id)
until_it 'room=roof' corebrum explain "$low"
daemon roof --worker-count 1 --label room=roof --peer "$address_desk"
until_it '"result":9592' corebrum results "$low"
run corebrum history "$high"
high_at=$(sed -n 's/ *completed .*//p' "$WORK/out")
run corebrum history "$low"
low_at=$(sed -n 's/ *completed .*//p' "$WORK/out")
first=$(printf '%s\n%s\n' "$low_at" "$high_at" | sort | head -n 1)
[ "$first" = "$high_at" ] || give_up 'the less important task ran first'

say 'How often, and how long: two retries of a task that fails, and a deadline that ends one.'
refused 1 corebrum submit --file fragile.yaml --set number=21
expect ERR_TRAP
run corebrum history "$(id)"
refused 1 corebrum submit --file "$PRIMES" --set limit=4000000000 --deadline 2s
expect ERR_DEADLINE
run corebrum history "$(id)"
