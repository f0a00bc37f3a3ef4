/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ring.pml - the sleep/notify handshake of src/xen/ring.c on a machine with
 * store buffers (x86-TSO), checked by tests/spin/ring.sh.
 *
 *   producer: prod = new; BARRIER; if event is in (old, new] notify
 *   consumer: nothing there? event = cons + 1; BARRIER; look again; sleep
 *
 * Each end's shared store goes into a one-place buffer and reaches memory at
 * some later step (a second store waits for the first, as on hardware; an end
 * reads its own buffer first). A full barrier waits until the buffer is empty.
 * Loads never wait: that is the reordering a lost wake-up needs.
 *
 * Claims, for all interleavings: the consumer takes all N items and never
 * sleeps on (an invalid end state is a lost wake-up). With -DNO_PRODUCER_BARRIER
 * or -DNO_CONSUMER_BARRIER spin must find that end state.
 */
#define N 4 /* items; pushes of 1 or 2 at a time */

byte prod = 0;	/* memory */
byte event = 1;
chan kick = [N] of { bit };	/* the event channel: pending or not */

bool prod_full = false;
byte prod_buf;
bool event_full = false;
byte event_buf;

/* The store buffers drain whenever they like. */
active proctype producer_buffer()
{
end:	do
	:: atomic { prod_full -> prod = prod_buf; prod_full = false }
	od
}

active proctype consumer_buffer()
{
end:	do
	:: atomic { event_full -> event = event_buf; event_full = false }
	od
}

active proctype producer()
{
	byte old = 0, new = 0, seen;

	do
	:: new == N -> break
	:: else ->
		old = new;
		if
		:: new = old + 1
		:: old + 2 <= N -> new = old + 2
		fi;
		atomic { !prod_full -> prod_buf = new; prod_full = true };
#ifndef NO_PRODUCER_BARRIER
		!prod_full;
#endif
		seen = event;
		if
		:: seen > old && seen <= new -> kick ! 1
		:: else
		fi
	od
}

active proctype consumer()
{
	byte cons = 0, seen;

	do
	:: cons == N -> break
	:: else ->
		seen = prod;
		if
		:: seen > cons -> cons = seen
		:: else ->
			atomic {
				!event_full ->
				event_buf = cons + 1;
				event_full = true
			};
#ifndef NO_CONSUMER_BARRIER
			!event_full;
#endif
			seen = prod;
			if
			:: seen > cons
			:: else -> kick ? _	/* sleep */
			fi
		fi
	od;
	assert(cons == N)
}
