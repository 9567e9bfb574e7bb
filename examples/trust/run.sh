#!/bin/sh
# Results that are checked: by several workers, by signatures, and reused where they can be trusted. See README.md.
set -eu
cd "$(dirname "$0")"
. ../steps.sh

say 'Three machines that work, and a desk that submits and trusts one of them.'
daemon one --worker-count 1
daemon two --worker-count 1
daemon three --worker-count 1
daemon desk --worker-count 0 --trust "$peer_one" --peer "$address_one" --peer "$address_two" --peer "$address_three"
export COREBRUM_DATA_DIR="$WORK/desk"
until_it '"peers": 3' corebrum status
run corebrum peers

say 'Agreement: three run it, two must have the same result.'
run corebrum submit --file measure.yaml
expect '^{"count":168,"elapsed":'
job=$(id)
run corebrum results "$job" --chain
run corebrum history "$job"
expect agreed

say 'Where everything is compared, times too, there is no agreement.'
refused 1 corebrum submit --file undecided.yaml
expect ERR_NO_QUORUM

say 'A receipt: what was run, where, on what, and what came out, signed by the worker.'
run corebrum submit --file primes.yaml --set limit=1000 --on "$peer_one"
expect '^{"result":168}$'
first=$(id)
run corebrum results "$first" --receipt
cp "$WORK/out" "$WORK/receipt.json"
run corebrum verify "$first"

say 'It is checked anywhere, without a daemon; a receipt that was changed is refused.'
run corebrum verify "$WORK/receipt.json" --data-dir "$WORK/nowhere"
sed 's/"outputs": "......../"outputs": "00000000/' "$WORK/receipt.json" > "$WORK/forged.json"
refused 1 corebrum verify "$WORK/forged.json" --data-dir "$WORK/nowhere"
expect ERR_RECEIPT

say 'Reuse: the desk trusts the worker that ran it, so that it does not run again; unless it is told to.'
run corebrum submit --file primes.yaml --set limit=1000
expect "reused the result of task $first"
run corebrum history "$(id)"
expect reused
run corebrum submit --file primes.yaml --set limit=1000 --no-cache
lacks reused

say 'The result of a worker that the desk does not trust is not reused; what several agreed on is.'
run corebrum submit --file primes.yaml --set limit=2000 --on "$peer_two"
run corebrum submit --file primes.yaml --set limit=2000 --on "$peer_three"
lacks reused
run corebrum submit --file primes.yaml --set limit=3000 --replicas 3 --quorum 2
run corebrum submit --file primes.yaml --set limit=3000
expect 'reused the result'
