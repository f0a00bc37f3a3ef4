// SPDX-License-Identifier: GPL-3.0-or-later
// Figures 2 to 7 of the 2007 study as small multiples: a value of each cell
// over the message size, a line for every socket size, panels path x MTU.
import { formatBytes, formatNumber, formatPercent, formatPoint,
	axisOf } from "./format.js";
import { sizeColorOf } from "./color.js";
import { groupCells, panelsClass, placeIn } from "./model.js";
import { drawPanel, thinTicks } from "./panel.js";
import { h } from "./dom.js";

const INSIDE = ["path", "mtu", "socket_size", "message_size"];

/** What can be drawn over the message size. */
export const THROUGHPUT = {
	y: "throughput_mbps", lo: "throughput_lo", hi: "throughput_hi",
	label: "Mbit/s", format: (v) => formatNumber(v),
	ticks: (v) => v >= 1000 ? `${v / 1000}k` : `${v}`,
};
const TRANSACTIONS = {
	y: "transactions_per_s", lo: "transactions_per_s_lo",
	hi: "transactions_per_s_hi", label: "transactions/s",
	format: (v) => formatNumber(v), ticks: THROUGHPUT.ticks,
};
/** What a study's rates are told in. */
export const rateOf = (study) => study.exchange ? TRANSACTIONS : THROUGHPUT;
export const EFFICIENCY = {
	y: "efficiency", lo: "efficiency_lo", hi: "efficiency_hi",
	label: "efficiency, %", format: (v) => `${formatPercent(v)}\u00a0%`,
	ticks: (v) => `${Math.round(v * 100)}`, rule: 1,
};

function toRow(study, cell, measure) {
	const failed = cell.status === "FAILED";
	const index = study.values.socket_size.indexOf(cell.socket_size);

	return {
		cell, x: cell.message_size, order: index,
		y: failed ? NaN : cell[measure.y] ?? NaN,
		lo: cell[measure.lo] ?? NaN, hi: cell[measure.hi] ?? NaN,
		line: cell.socket_size, color: sizeColorOf(index),
		lineLabel: axisOf("socket_size").format(cell.socket_size),
	};
}

/* The intervals have room, but none so wide that it flattens all lines: that
 * one leaves the panel. */
function upper(rows) {
	const most = (key) => Math.max(0, ...rows.map((row) => row[key])
		.filter(Number.isFinite));

	return Math.min(Math.max(most("y"), most("hi")), 1.6 * most("y")) || 1;
}

function lower(rows) {
	const lows = rows.map((row) => row.y).filter((v) => v > 0);
	const least = lows.length ? Math.min(...lows) : 0.1;

	return Math.max(least / 1.6, Math.min(least,
		...rows.map((row) => row.lo).filter((v) => v > 0)));
}

/** The scale that these rows share. */
export function domainOf(rows, measure, log) {
	const top = Math.max(upper(rows), measure.rule ?? 0) * 1.04;

	return log ? [lower(rows) * 0.92, top] : [0, top];
}

function messageAxis(study) {
	const values = study.values.message_size;
	const wide = values.length > 1 ? [values[0], values.at(-1)]
		: [values[0] / 2, values[0] * 2];

	return { type: "log", domain: wide, ticks: thinTicks(values),
		format: formatBytes,
		label: study.exchange ? "request size" : "message size" };
}

function panelTitle(study, cell) {
	return study.values.mtu.length > 1
		? `${cell.path}, MTU ${cell.mtu}` : cell.path;
}

function drawPath(study, options, cells, domain) {
	const { measure, log } = options;
	const first = cells[0];

	return drawPanel({
		title: panelTitle(study, first), domain, log,
		rows: cells.map((cell) => toRow(study, cell, measure)),
		x: messageAxis(study), rule: measure.rule,
		yLabel: measure.label, yFormat: measure.ticks,
		place: placeIn(options.cells, first),
		describe: ({ cell }) => `${formatPoint(cell,
			["socket_size", "message_size"])}: ${
			measure.format(cell[measure.y])}, ${cell.status}`,
	});
}

/* The paths of one MTU share their scale. */
function drawRow(study, options, cells) {
	const rows = cells.map((cell) => toRow(study, cell, options.measure));
	const domain = domainOf(rows, options.measure, options.log);
	const byPath = groupBy(cells, (cell) => cell.path);

	return [...byPath.values()].map(
		(some) => drawPath(study, options, some, domain));
}

export function groupBy(items, key) {
	const groups = new Map();

	for (const item of items) {
		const k = key(item);

		groups.set(k, [...groups.get(k) ?? [], item]);
	}
	return groups;
}

export function groupHeading(group) {
	return group.told.length
		? h("h3", { class: "group" }, formatPoint(group.first, group.told))
		: null;
}

/** All panels of one measure; options: {measure, log}. */
export function drawCurves(study, cells, options) {
	return groupCells(study, cells, INSIDE).map((group) => h("div", {},
		groupHeading(group),
		h("div", { class: panelsClass(study) }, [...groupBy(group.cells,
			(cell) => cell.mtu).values()].map(
			(row) => drawRow(study, { ...options, cells }, row)))));
}
