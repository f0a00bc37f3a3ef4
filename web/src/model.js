// SPDX-License-Identifier: GPL-3.0-or-later
// The stored study as the page uses it. The JSON is what `vazao report
// --format json` writes, plus `design` (how it was measured) and `history`
// (each point's blocks: [[rate of path 0, of path 1, ...], ...]). Which paths
// and axes there are is data: every column between `path` and
// `throughput_mbps` is an axis.

const FIRST_RESULT = "throughput_mbps";

function axisNames(columns) {
	return columns.slice(0, columns.indexOf(FIRST_RESULT))
		.filter((name) => name !== "path");
}

function axisValues(cells, name) {
	const values = [...new Set(cells.map((cell) => cell[name]))];

	return values.every((v) => typeof v === "number")
		? values.sort((a, b) => a - b) : values;
}

function toDate(json, key) {
	const ns = json[`${key}_ns`];
	const date = new Date(ns ? ns / 1e6 : json[key] || NaN);

	return Number.isNaN(date.getTime()) || date.getTime() === 0
		? null : date;
}

/* Cells of one point share their number: the order of first appearance. */
function numberPoints(cells, axes) {
	const numbers = new Map();

	for (const cell of cells) {
		const key = axes.map((name) => cell[name]).join("/");

		if (!numbers.has(key))
			numbers.set(key, numbers.size);
		cell.point = numbers.get(key);
		cell.id = `${cell.path}/${key}`;
	}
	return numbers.size;
}

function isEfficiency(cell) {
	return cell.status !== "REFERENCE" && cell.status !== "FAILED" &&
		Number.isFinite(cell.efficiency);
}

export function readStudy(json) {
	const columns = Object.keys(json.cells[0] ?? { path: "" });
	const axes = axisNames(columns);
	/* an exchange's message is its request */
	const cells = json.cells.map((cell) => ({ ...cell, raw: cell,
		message_size: cell.message_size ?? cell.request_size ?? null }));
	const paths = json.paths.map((path, i) => ({ ...path, index: i }));
	const points = numberPoints(cells, axes);
	const values = Object.fromEntries(axes.map(
		(name) => [name, axisValues(cells, name)]));

	const exchange = cells.length > 0 && cells.every((cell) =>
		cell.status === "FAILED" || Number.isFinite(cell.transactions_per_s));

	for (const cell of cells) {
		cell.pathIndex = paths.findIndex((p) => p.name === cell.path);
		cell.hasEfficiency = isEfficiency(cell);
	}
	return {
		json, columns, axes, cells, paths, points, values,
		reference: paths[0]?.name ?? "the reference",
		exchange, noun: exchange ? "transactions per second" : "throughput",
		varying: axes.filter((name) => values[name].length > 1),
		title: json.title || "Untitled study",
		precision: json.precision,
		design: json.design ?? {},
		history: json.history ?? [],
		historyStep: json.history_step ?? 1,
		started: toDate(json, "started_at"),
		finished: toDate(json, "finished_at"),
	};
}

/** A grid of a column a path and a row an MTU (on paper the other way), or,
 * where there are too many of them for that, one that wraps. */
export function panelsClass(study, more = "") {
	const many = study.paths.length > 4 || study.values.mtu.length > 3;

	return `panels ${more}${many ? " many" : ""}`;
}

/** Where a cell's panel stands in such a grid: its rank among what the cells
 * have of `column`, and of MTUs. */
export function placeIn(cells, cell, column = "pathIndex") {
	const rank = (key) => 1 + new Set(cells.map((other) => other[key])
		.filter((value) => value < cell[key])).size;

	return { "--column": rank(column), "--row": rank("mtu") };
}

/** Axes that are neither shown inside a panel nor its row: what is left
 * makes a figure of its own for each combination. */
export function groupCells(study, cells, inside) {
	const names = study.axes.filter((name) => !inside.includes(name));
	const groups = new Map();

	for (const cell of cells) {
		const key = names.map((name) => cell[name]).join("/");

		if (!groups.has(key))
			groups.set(key, { first: cell, cells: [] });
		groups.get(key).cells.push(cell);
	}
	const told = names.filter((name) => study.values[name].length > 1);

	return [...groups.values()].map((group) => ({ ...group, told }));
}

/**
 * Geometric mean of the cells' efficiencies with its 95 % interval: the mean
 * of ln R, whose half width is sqrt(sum h_i^2) / N with h_i the half width of
 * ln R_i. It says how exactly the mean over just these points is known.
 */
export function meanEfficiency(cells) {
	const used = cells.filter((cell) => cell.hasEfficiency &&
		cell.status !== "CAPPED" && cell.efficiency > 0);
	const n = used.length;

	if (n === 0)
		return null;
	const log = used.reduce((sum, c) => sum + Math.log(c.efficiency), 0) / n;
	const half = Math.sqrt(used.reduce((sum, c) => sum +
		(Math.log(c.efficiency_hi / c.efficiency_lo) / 2) ** 2, 0)) / n;
	const sorted = [...used].sort((a, b) => a.efficiency - b.efficiency);

	return {
		n, mean: Math.exp(log),
		lo: Math.exp(log - half), hi: Math.exp(log + half),
		worst: sorted[0], best: sorted[n - 1],
	};
}

export function countStatus(cells, status) {
	return cells.filter((cell) => cell.status === status).length;
}
