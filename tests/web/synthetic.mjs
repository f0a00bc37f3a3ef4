// SPDX-License-Identifier: GPL-3.0-or-later
// usage: node synthetic.mjs quick|paper|hostile [TEMPLATE] > FILE
//
// MADE-UP STUDIES for the tests of the page and for a look at it. No number in
// them was measured. With TEMPLATE (what web/build.mjs makes), the page;
// without, the JSON that would stand in it.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const AXES = ["workload", "direction", "mtu", "socket_size", "message_size",
	"offload", "flows"];
const BASE = { workload: ["tcp_stream"], direction: ["send"], mtu: [500, 1500],
	offload: ["off"], flows: [1] };

const PLANS = {
	quick: { ...BASE, socket_size: [16384, 131072],
		message_size: [4096, 65536] },
	paper: { ...BASE,
		socket_size: [4096, 8192, 16384, 65536, 114688, 131072, 262144],
		message_size: [512, 1024, 2048, 4096, 8192, 32768, 65536, 1048576] },
	/* other paths, other axes, names that try to be markup */
	hostile: { ...BASE, mtu: [1500], offload: ["off", "on"],
		direction: ["send", "receive"],
		socket_size: [0, 65536], message_size: [1024, 65536] },
};
const PATHS = {
	quick: ["native", "dom0", "domU"],
	paper: ["native", "dom0", "domU"],
	hostile: ["bare <b>metal</b>", "</script><script>window.hacked=1</script>",
		"veth & \"friends\"", "qemu"],
};
const TITLES = {
	quick: "SYNTHETIC: quick matrix, no number here was measured",
	paper: "SYNTHETIC: the 2007 matrix, no number here was measured",
	hostile: "SYNTHETIC </script><script>window.hacked=1</script> & <img src=x " +
		"onerror=window.hacked=1>",
};

/* A small generator with a seed (mulberry32): the same study each time. */
function makeRandom(seed) {
	return () => {
		seed = (seed + 0x6d2b79f5) | 0;
		let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);

		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

function gaussian(random) {
	return Math.sqrt(-2 * Math.log(1 - random())) *
		Math.cos(2 * Math.PI * random());
}

function product(plan) {
	return AXES.reduce((points, name) => points.flatMap((point) =>
		plan[name].map((value) => ({ ...point, [name]: value }))), [{}]);
}

/* Saturating in both sizes, proportional to what a frame carries. */
function trueRate(path, point) {
	const perMessage = [400, 450, 1500, 900][path];
	const ceiling = [1, 0.97, 0.85, 1.04][path];
	const buffer = point.socket_size || 200000;
	const offload = point.offload === "on" ? 2.1 : 1;

	return 5200 * point.mtu / (point.mtu + 1400) * ceiling * offload *
		point.message_size / (point.message_size + perMessage) *
		buffer / (buffer + 12000 * (path === 2 ? 2.4 : 1)) *
		(point.direction === "receive" ? 0.9 : 1);
}

function measureBlocks(random, point, paths, n) {
	return Array.from({ length: n }, () => {
		const weather = Math.exp(0.08 * gaussian(random));

		return paths.map((_, path) => Number((trueRate(path, point) * weather *
			Math.exp(0.035 * gaussian(random))).toPrecision(6)));
	});
}

function mean(values) {
	return values.reduce((sum, v) => sum + v, 0) / values.length;
}

function spread(values) {
	const m = mean(values);

	return Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0) /
		(values.length - 1));
}

function estimate(blocks, path) {
	const y = blocks.map((b) => b[path]), x = blocks.map((b) => b[0]);
	const n = blocks.length, half = 2.04 * spread(y) / Math.sqrt(n);
	const ratio = mean(y) / mean(x);
	const s = spread(y.map((v, i) => (v - ratio * x[i]) / mean(y)));
	const factor = Math.exp(2.04 * s / Math.sqrt(n));

	return {
		throughput_mbps: mean(y), throughput_lo: mean(y) - half,
		throughput_hi: mean(y) + half, efficiency: ratio,
		efficiency_lo: path ? ratio / factor : 1,
		efficiency_hi: path ? ratio * factor : 1,
		half_width: path ? factor - 1 : 0,
	};
}

function statusOf(kind, i, path, result) {
	if (kind !== "quick" && i % 41 === 7 && path > 0)
		return "FAILED";
	if (kind !== "quick" && i % 29 === 3 && path > 0)
		return "CAPPED";
	if (path === 0)
		return "REFERENCE";
	return result.half_width > 0.0247 ? "NOT_REACHED" : "REACHED";
}

const NOTHING = { throughput_mbps: null, throughput_lo: null,
	throughput_hi: null, efficiency: null, efficiency_lo: null,
	efficiency_hi: null, half_width: null };

function makeCell(kind, i, point, path, blocks, names) {
	const result = estimate(blocks, path);
	const status = statusOf(kind, i, path, result);
	const failed = status === "FAILED";
	const cost = kind === "hostile";

	return { path: names[path], ...point, ...(failed ? NOTHING : result),
		blocks: failed ? 0 : blocks.length, status,
		cpu_us_per_kb: cost ? 3.1 * (path + 1) : null,
		context_switches_per_s: cost ? 1200 * (path + 1) : null,
		page_faults_per_s: null,
		sndbuf_effective: failed ? null : 2 * (point.socket_size || 87380),
		rcvbuf_effective: failed ? null : 2 * (point.socket_size || 65536),
		cause: failed ? "connect to M2: Connection timed out" : "" };
}

function makeSettings(names) {
	return Object.fromEntries(["M2", ...names].map((node, i) => [node, {
		kernel: i === 3 ? "Linux 6.1.0-uml" : "Linux 6.1.0-18-amd64",
		cpus: i === 3 ? "1" : "2",
		"net.ipv4.tcp_congestion_control": "cubic",
		"net.ipv4.tcp_rmem": "4096 131072 6291456",
		"net.ipv4.tcp_sack": "1", "net.ipv4.tcp_timestamps": "1" }]));
}

function findDifferences(settings) {
	const nodes = Object.keys(settings);

	return Object.keys(settings.M2).filter((key) => new Set(nodes.map(
		(node) => settings[node][key])).size > 1).map((key) => ({ key,
		values: Object.fromEntries(nodes.map((node) =>
			[node, settings[node][key]])) }));
}

export function makeStudy(kind) {
	const random = makeRandom(2007), names = PATHS[kind];
	const points = product(PLANS[kind]);
	const history = points.map((point) => measureBlocks(random, point, names,
		12 + Math.floor(random() * 14)));
	const settings = makeSettings(names);

	return {
		title: TITLES[kind], host: "a machine that does not exist",
		version: "0.1.0", rule: "blocks", precision: 0.025,
		link_bps: kind === "quick" ? null : 2500000000,
		started_at: "2026-11-23T01:00:00Z",
		finished_at: "2026-11-23T01:17:34Z",
		good_blocks: history.reduce((sum, blocks) => sum + blocks.length, 0),
		discarded_blocks: 1,
		paths: names.map((name, i) => ({ name, kind: i === 2 ? "domU" : name,
			pool: i ? { s0: 0.05, lag1: 0.02 * i,
				inflation: i === 2 ? 1.06 : 1 } : null })),
		cells: names.flatMap((_, path) => points.map((point, i) =>
			makeCell(kind, i, point, path, history[i], names))),
		settings, differences: findDifferences(settings),
		events: [{ at_ns: 1795395601000000000, kind: "study",
			text: "made up </script> entirely" }],
		design: { slice_ns: "10000000", guard_ns: "2000000", cycles: "8",
			min_blocks: "12", seed: "18446744073709551615",
			plan: `title: ${TITLES[kind]}\nmtu: [500, 1500]\n` },
		history,
	};
}

function escapeHtml(text) {
	return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The page as the program writes it (src/report/html.c). */
export function makePage(template, study) {
	return template
		.replaceAll("<!--vazao:title-->", () => escapeHtml(study.title))
		.replace("<!--vazao:policy-->", "")
		.replace("<!--vazao:study-->", () => JSON.stringify(study)
			.replaceAll("<", "\\u003c"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	const study = makeStudy(process.argv[2] ?? "paper");
	const template = process.argv[3];

	process.stdout.write(template
		? makePage(readFileSync(template, "utf8"), study)
		: JSON.stringify(study, null, 1));
}
