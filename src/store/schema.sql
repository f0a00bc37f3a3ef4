-- study.db: everything that a study found out, raw. This file is the reference
-- of its tables and columns, and what a new study.db is made with.
--
-- Times named _at_ns are nanoseconds since 1970 (UTC); other _ns are durations.
-- Columns that hold JSON say so. PRAGMA user_version is the schema's version,
-- PRAGMA application_id is 0x76617a61 ("vaza").
--
-- The rates of every good block, for a look by hand:
--   SELECT block.id, point.mtu, path.name, throughput_mbps
--   FROM measurement JOIN block ON block.id = measurement.block
--   JOIN point ON point.id = block.point JOIN path ON path.id = measurement.path
--   WHERE block.discarded IS NULL;

-- Facts of the study as a whole: title, plan (YAML), seed, started_at ...
CREATE TABLE meta (
	key TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The ways from M1 to M2, in the plan's order; id 0 is the reference.
CREATE TABLE path (
	id INTEGER NOT NULL PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	options TEXT NOT NULL -- JSON: {"receive": "copy", ...}
) STRICT;

-- One value of each axis but the path; ids 0, 1, ... in the plan's order.
-- A column for every axis, in the order of axis_table[] (base/axis.c): the
-- choices by name, the rest as numbers.
CREATE TABLE point (
	id INTEGER NOT NULL PRIMARY KEY,
	workload TEXT NOT NULL,
	direction TEXT NOT NULL,
	mtu INTEGER NOT NULL,
	socket_size INTEGER NOT NULL, -- bytes; 0: the kernel's own sizing
	message_size INTEGER NOT NULL, -- bytes
	offload TEXT NOT NULL,
	flows INTEGER NOT NULL,
	request_size INTEGER NOT NULL DEFAULT 1, -- bytes
	response_size INTEGER NOT NULL DEFAULT 1, -- bytes
	sender_socket_size INTEGER NOT NULL DEFAULT 0, -- bytes; 0: socket_size
	receiver_socket_size INTEGER NOT NULL DEFAULT 0, -- bytes; 0: socket_size
	threads INTEGER NOT NULL DEFAULT 1,
	family TEXT NOT NULL DEFAULT 'ipv4',
	congestion TEXT NOT NULL DEFAULT 'auto',
	nodelay TEXT NOT NULL DEFAULT 'off',
	pacing_rate INTEGER NOT NULL DEFAULT 0, -- bit/s of a flow; 0: unpaced
	zero_copy TEXT NOT NULL DEFAULT 'off',
	msg_trunc TEXT NOT NULL DEFAULT 'off',
	busy_poll INTEGER NOT NULL DEFAULT 0, -- microseconds
	notsent_lowat INTEGER NOT NULL DEFAULT 0, -- bytes; 0: unset
	dscp INTEGER NOT NULL DEFAULT 0,
	pairs INTEGER NOT NULL DEFAULT 1, -- guests at the same time
	neighbor TEXT NOT NULL DEFAULT 'off'
) STRICT;

-- One block: all paths of one point, their slices interleaved. Ids ascend in
-- time.
CREATE TABLE block (
	id INTEGER NOT NULL PRIMARY KEY,
	point INTEGER NOT NULL REFERENCES point (id),
	round INTEGER NOT NULL,
	seed TEXT NOT NULL, -- of slice_order; decimal, 64 bits, unsigned
	slice_order TEXT NOT NULL, -- JSON: [path ids], one a slice
	started_at_ns INTEGER NOT NULL,
	duration_ns INTEGER NOT NULL,
	settings TEXT, -- JSON: what was read back from the hops
	discarded TEXT -- why the estimator leaves it out; NULL: a good block
) STRICT;

-- One path within one block. Rates are 10^6 bit/s of payload, counted at the
-- receiver; buffers are as obtained, not as asked for.
CREATE TABLE measurement (
	block INTEGER NOT NULL REFERENCES block (id),
	path INTEGER NOT NULL REFERENCES path (id),
	throughput_mbps REAL NOT NULL, -- mean rate over the slices
	bytes INTEGER NOT NULL, -- sum over the slices
	duration_ns INTEGER NOT NULL, -- sum over the slices
	idle_max_ns INTEGER NOT NULL, -- longest idle gap before a slice
	sndbuf_bytes INTEGER NOT NULL, -- the sender's
	rcvbuf_bytes INTEGER NOT NULL, -- the receiver's
	mss_bytes INTEGER NOT NULL,
	retransmits INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	congestion TEXT NOT NULL, -- congestion control: cubic, reno ...
	slices TEXT, -- JSON: [[bytes, ns], ...] as measured
	counters TEXT, -- JSON: what observers add
	-- direction both: of throughput_mbps, what M2 sent to M1
	reverse_mbps REAL NOT NULL DEFAULT 0,
	-- what the sender handed to its socket (datagrams; 0: not counted)
	sent_mbps REAL NOT NULL DEFAULT 0,
	transactions INTEGER NOT NULL DEFAULT 0, -- within the slices
	-- JSON: [[bucket, count], ...] of stats/histogram.h; a neighbor's
	latency TEXT,
	datagrams INTEGER NOT NULL DEFAULT 0, -- received within the slices
	lost INTEGER NOT NULL DEFAULT 0, -- of those sent within the slices
	reordered INTEGER NOT NULL DEFAULT 0, -- came after a later one
	jitter_us REAL NOT NULL DEFAULT 0, -- RFC 3550, 6.4.1, mean of slices
	-- JSON: [10^6 bit/s of each pair, in their order]; NULL: there is one
	pair_mbps TEXT,
	PRIMARY KEY (block, path)
) STRICT, WITHOUT ROWID;

-- Of measurement.counters the numbers that every report shows; a row where
-- the block was observed. Over the path's turns; of the whole host.
CREATE TABLE cost (
	block INTEGER NOT NULL REFERENCES block (id),
	path INTEGER NOT NULL REFERENCES path (id),
	turn_bytes INTEGER NOT NULL, -- payload
	turn_ns INTEGER NOT NULL,
	cpu_ns INTEGER, -- busy, all CPUs
	context_switches INTEGER,
	page_faults INTEGER,
	PRIMARY KEY (block, path)
) STRICT, WITHOUT ROWID;

-- Where all CPUs were in the turns of a path: samples of stacks, by study
-- --profile. "program;outer;...;inner", the kernel's functions with _[k].
CREATE TABLE profile (
	point INTEGER NOT NULL REFERENCES point (id),
	path INTEGER NOT NULL REFERENCES path (id),
	stack TEXT NOT NULL,
	samples INTEGER NOT NULL,
	PRIMARY KEY (point, path, stack)
) STRICT, WITHOUT ROWID;

-- What other tools measured (vazao import): one number a cell, no history.
CREATE TABLE imported (
	path TEXT NOT NULL, -- as reports call it; none of the table path
	point INTEGER NOT NULL REFERENCES point (id),
	tool TEXT NOT NULL, -- iperf3, netperf, flent
	source TEXT NOT NULL, -- file
	throughput_mbps REAL NOT NULL,
	seconds REAL NOT NULL, -- how long; 0: not told
	PRIMARY KEY (path, point)
) STRICT, WITHOUT ROWID;

-- time: exact alone. What a machine's own errand told of one block, as told
-- (agent/errand.h); a block's row is made once all machines have told theirs.
CREATE TABLE replicate (
	round INTEGER NOT NULL,
	machine TEXT NOT NULL, -- its first path's name
	point INTEGER NOT NULL REFERENCES point (id),
	result TEXT NOT NULL, -- JSON
	PRIMARY KEY (round, machine, point)
) STRICT, WITHOUT ROWID;

-- A study keeps its time: exact figures count instructions, others seconds.
CREATE TRIGGER time_is_kept BEFORE INSERT ON meta
WHEN new.key = 'time' AND (EXISTS (SELECT 1 FROM block) OR EXISTS
	(SELECT 1 FROM meta WHERE key = 'time' AND value <> new.value))
BEGIN SELECT RAISE(ABORT, 'a study keeps its time, wall or exact'); END;
CREATE TRIGGER time_is_exact BEFORE INSERT ON replicate
WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'time' AND value = 'exact')
BEGIN SELECT RAISE(ABORT, 'this study''s time is not exact'); END;
CREATE TRIGGER time_is_wall BEFORE INSERT ON imported
WHEN EXISTS (SELECT 1 FROM meta WHERE key = 'time' AND value = 'exact')
BEGIN SELECT RAISE(ABORT, 'this study''s time is exact, not the wall clock''s'); END;

-- Cells that failed for good.
CREATE TABLE failure (
	point INTEGER NOT NULL REFERENCES point (id),
	path INTEGER NOT NULL REFERENCES path (id),
	cause TEXT NOT NULL,
	PRIMARY KEY (point, path)
) STRICT, WITHOUT ROWID;

-- Settings of the nodes as read back: M2, net.ipv4.tcp_sack, 1.
CREATE TABLE setting (
	node TEXT NOT NULL,
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (node, key)
) STRICT, WITHOUT ROWID;

-- What happened: agent restarted, interrupted, resumed, budget spent ...
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY,
	at_ns INTEGER NOT NULL,
	kind TEXT NOT NULL,
	text TEXT NOT NULL
) STRICT;

-- Trials of rule loss: a path was offered a rate of its own.
CREATE TABLE trial (
	id INTEGER NOT NULL PRIMARY KEY, -- ascends in time
	point INTEGER NOT NULL REFERENCES point (id),
	path INTEGER NOT NULL REFERENCES path (id),
	at_ns INTEGER NOT NULL,
	offered_mbps REAL NOT NULL, -- that the sender's socket took
	received_mbps REAL NOT NULL,
	datagrams INTEGER NOT NULL, -- received
	lost INTEGER NOT NULL,
	growth REAL NOT NULL, -- of delay over time: a queue that fills
	lossy INTEGER NOT NULL, -- 1: above the plan's loss_bound
	asked_mbps REAL NOT NULL DEFAULT 0, -- 0: an older study did not note it
	kept REAL NOT NULL DEFAULT 0, -- share of it that did not count
	void INTEGER NOT NULL DEFAULT 0 -- 1: too much of it; 2: delay grew, too
) STRICT;
