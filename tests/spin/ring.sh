#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Model check of the ring's sleep/notify handshake: no lost wake-up as it is,
# one found as soon as either barrier is taken out.
set -eu
model=$(cd "$(dirname "$0")" && pwd)/ring.pml
for tool in spin gcc; do
	if ! command -v $tool >/dev/null; then
		echo "skipped: $tool is not installed" >&2
		exit 77
	fi
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# verify WANT [-DOPTION]: WANT is the number of errors spin must report
verify()
{
	want=$1
	shift
	spin -a "$@" "$model" >/dev/null
	gcc -O2 -w -DSAFETY -o pan pan.c
	./pan -m100000 >out 2>&1 || true
	if grep -q 'max search depth too small\|out of memory' out; then
		echo "ring.pml $*: the search was cut short"
		cat out
		exit 1
	fi
	states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' out)
	errors=$(sed -n 's/.*errors: \([0-9]*\)$/\1/p' out)
	echo "ring.pml $*: $states states, errors: $errors (expected $want)"
	if [ "$errors" != "$want" ]; then
		cat out
		exit 1
	fi
	if [ "$want" = 1 ] && ! grep -q 'invalid end state' out; then
		echo "the error is not the lost wake-up"
		cat out
		exit 1
	fi
	rm -f pan pan.*
}

verify 0
verify 1 -DNO_PRODUCER_BARRIER
verify 1 -DNO_CONSUMER_BARRIER
