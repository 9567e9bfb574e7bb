#!/bin/sh
# Tasks outlive what happens to machines: power failures, workers that come late, submitters that are away. See README.md.
set -eu
cd "$(dirname "$0")"
. ../steps.sh
# Every command is meant for the boat, the machine that submits.
export COREBRUM_DATA_DIR="$WORK/boat"

say 'Nobody is there: the task is accepted, is on disk, and survives a power failure.'
daemon boat --worker-count 0
run corebrum submit --file slow.yaml --set limit=1000 --detach
task=$(id)
crash boat
daemon boat --worker-count 0
run corebrum list
expect "^$task .*PENDING"
run corebrum explain "$task"

say 'A worker comes: the task runs.'
daemon shore --worker-count 1 --peer "$address_boat"
until_it '"result":168' corebrum results "$task"
run corebrum history "$task"
expect recovered

say 'The submitter is away when the worker is done. The worker keeps the result, and hands it over on return.'
run corebrum submit --file slow.yaml --detach
task=$(id)
until_it '"state": "RUNNING"' corebrum status "$task"
crash boat
until_it '"owedResults": 1' corebrum status --data-dir "$WORK/shore"
daemon boat --worker-count 0 --peer "$address_shore"
until_it '"result":539777' corebrum results "$task"
run corebrum history "$task"
until_it '"owedResults": 0' corebrum status --data-dir "$WORK/shore"

say 'The submitter is away, and then the worker goes, too: a third machine keeps the result in its mailbox, sealed.'
daemon buoy --worker-count 0 --peer "$address_shore"
run corebrum submit --file slow.yaml --set limit=8000001 --detach
task=$(id)
until_it '"state": "RUNNING"' corebrum status "$task"
crash boat
until_it '"letters": 1' corebrum status --data-dir "$WORK/buoy"
crash shore
daemon boat --worker-count 0 --peer "$address_buoy"
until_it '"result":539777' corebrum results "$task"
run corebrum history "$task"
until_it '"letters": 0' corebrum status --data-dir "$WORK/buoy"

say 'A task is cancelled while its worker is cut off: the worker learns of it when it is back, and is free again.'
daemon shore --worker-count 1 --peer "$address_boat"
run corebrum submit --file slow.yaml --set limit=4000000000 --detach
task=$(id)
until_it '"state": "RUNNING"' corebrum status "$task"
run kill -STOP "$pid_shore"
run corebrum cancel "$task"
run kill -CONT "$pid_shore"
run corebrum status "$task"
expect '"state": "CANCELLED"'
run corebrum submit --file slow.yaml --set limit=1000
expect '^{"result":168}$'
