// SPDX-License-Identifier: GPL-3.0-or-later
// Several guests at the same time: throughput, shares, fairness, cost and an
// idle neighbor's latency over their number, a table for each path, and where
// its curve bends (study.json.scale, worked out by `vazao report`).
import { formatNumber, formatPercent } from "./format.js";
import { groupCells } from "./model.js";
import { h, plural } from "./dom.js";

export function hasScale(study) {
	return study.json.scale?.length > 0;
}

function range(lo, hi, digits) {
	return `${formatNumber(lo, digits)}–${formatNumber(hi, digits)}`;
}

function interval(mean, lo, hi, digits) {
	return Number.isFinite(mean) ? [formatNumber(mean, digits),
		h("span", { class: "interval" }, ` (${range(lo, hi, digits)})`)] : "";
}

/* Column heads and what stands below; those that nothing is in are left out. */
const COLUMNS = [
	["all, Mbit/s", (c) => interval(c.throughput_mbps, c.throughput_lo,
		c.throughput_hi)],
	["a pair", (c) => Number.isFinite(c.pair_min_mbps)
		? range(c.pair_min_mbps, c.pair_max_mbps) : ""],
	["Jain’s index", (c) => interval(c.jain, c.jain_lo, c.jain_hi, 4)],
	["CPU, µs/KB", (c) => Number.isFinite(c.cpu_us_per_kb)
		? formatNumber(c.cpu_us_per_kb, 3) : ""],
	["efficiency", (c) => c.hasEfficiency
		? `${formatPercent(c.efficiency)}\u00a0%` : ""],
	["neighbor p50, µs", (c) => Number.isFinite(c.p50_us)
		? formatNumber(c.p50_us) : ""],
	["neighbor p99, µs", (c) => Number.isFinite(c.p99_us)
		? formatNumber(c.p99_us) : ""],
];

function drawTable(path, cells) {
	const rows = [...cells].sort((a, b) => a.pairs - b.pairs);
	const columns = COLUMNS.filter(([, draw]) =>
		rows.some((cell) => draw(cell) !== ""));

	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": `Guests of ${path}` }, h("table", { class: "small" },
	h("caption", {}, path),
	h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "pairs"),
		columns.map(([name]) => h("th", { scope: "col" }, name)))),
	h("tbody", {}, rows.map((cell) => h("tr", {},
		h("th", { scope: "row" }, String(cell.pairs)),
		columns.map(([, draw]) => h("td", { class: "number" },
			draw(cell))))))));
}

function sayBend({ path, points, bend, bend_lo: lo, bend_hi: hi }) {
	const span = hi === null ? `at ${lo} or later` : `${lo} to ${hi}`;

	return h("li", {}, bend === null
		? `${path} does not bend as far as was measured (95\u00a0%: ${span})`
		: `${path} bends at ${plural(bend, "pair")} (95\u00a0%: ${span})`,
	h("span", { class: "interval" }, ` ${points}`));
}

export function drawScale(study, cells) {
	const groups = groupCells(study, cells, ["pairs"]);

	return [
		h("p", { class: "note" }, "Guests of each path at the same time, each " +
			"with M2. A curve bends where one pair more brings less than " +
			"half of what the first has. Jain’s index is 1 where all have " +
			"the same."),
		h("ul", {}, study.json.scale.map(sayBend)),
		groups.flatMap(({ cells: some }) => study.paths
			.map((path) => [path.name, some.filter((cell) =>
				cell.path === path.name)])
			.filter(([, of]) => of.length > 1)
			.map(([path, of]) => drawTable(path, of))),
	];
}
