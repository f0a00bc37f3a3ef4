// SPDX-License-Identifier: GPL-3.0-or-later
// The highest rates without loss (rule: loss): each cell's with its interval,
// and beside it what is received where all that a sender can is offered. A
// picture of all, and a table.
import * as Plot from "@observablehq/plot";
import { formatNumber, formatPercent, formatPoint } from "./format.js";
import { h, quiet } from "./dom.js";
import { pathColor } from "./color.js";
import { scaleLog } from "d3";

const ROW = 22, GAP = 16, MARGIN = { left: 104, right: 24, top: 8, bottom: 38 };

function isSearched(cell) {
	return cell.no_loss_trials > 0;
}

export function hasLoss(study) {
	return study.cells.some(isSearched);
}

/* Of one point side by side, in its order. */
function groupPoints(cells) {
	const groups = new Map();

	for (const cell of cells.filter(isSearched))
		groups.set(cell.point, [...groups.get(cell.point) ?? [], cell]);
	return [...groups.values()];
}

function layRows(groups) {
	let y = MARGIN.top;

	return groups.flatMap((cells) => {
		const rows = cells.map((cell, i) => ({ cell,
			y: y + ROW * (i + 1.5) }));

		y += ROW * (cells.length + 1) + GAP;
		return [{ label: cells[0], y: rows[0].y - ROW }, ...rows];
	});
}

function rateScale(cells, width) {
	const values = cells.flatMap((cell) => [cell.no_loss_mbps,
		cell.no_loss_mbps_lo, cell.no_loss_mbps_hi, cell.throughput_mbps])
		.filter((value) => value > 0);

	return scaleLog([Math.min(...values) / 1.15, Math.max(...values) * 1.15],
		[MARGIN.left, width - MARGIN.right]);
}

/* An open limit runs to the edge, dashed. */
function intervalMarks({ cell, y }, x) {
	const [from, to] = x.range();
	const lo = cell.no_loss_mbps_lo ? x(cell.no_loss_mbps_lo) : from;
	const hi = cell.no_loss_mbps_hi ? x(cell.no_loss_mbps_hi) : to;
	const line = (x1, x2, more) => Plot.ruleY([y], { x1, x2,
		stroke: pathColor(cell.pathIndex), strokeWidth: 2, ...more });
	const at = cell.no_loss_mbps ? x(cell.no_loss_mbps) : null;
	const dashed = { strokeDasharray: "2,3" };

	return at === null ? [] : [
		line(lo, at, cell.no_loss_mbps_lo ? {} : dashed),
		line(at, hi, cell.no_loss_mbps_hi ? {} : dashed),
	];
}

function rowMarks(row, x, study) {
	const { cell, label, y } = row;

	if (label)
		return [Plot.text([formatPoint(label, study.varying) || "all"], {
			x: () => MARGIN.left, y: () => y, text: String,
			textAnchor: "start", fill: "var(--ink)" })];
	const color = pathColor(cell.pathIndex);

	return [
		Plot.text([cell.path], { x: () => MARGIN.left - 8, y: () => y,
			text: String, textAnchor: "end", fill: color,
			fontWeight: 600 }),
		...intervalMarks(row, x),
		cell.no_loss_mbps ? Plot.dot([cell], {
			x: () => x(cell.no_loss_mbps), y: () => y, r: 4,
			fill: cell.no_loss_uneven ? "var(--paper)" : color,
			stroke: color, strokeWidth: 1.5,
			title: () => `${cell.path}: ${sayRate(cell)}` }) : null,
		Number.isFinite(cell.throughput_mbps) ? Plot.text(["|"], {
			x: () => x(cell.throughput_mbps), y: () => y, text: String,
			fill: color, fontSize: 15, fontWeight: 700,
			title: () => `${cell.path}: ${
				formatNumber(cell.throughput_mbps)} received at overload` })
			: null,
	];
}

function drawPicture(study, groups, width) {
	const rows = layRows(groups);
	const x = rateScale(groups.flat(), width);
	const bottom = rows.at(-1).y + ROW;
	const ticks = x.ticks(5).filter((v) => /^[125]/.test(v.toExponential()));

	const svg = Plot.plot({
		width, height: bottom + MARGIN.bottom, margin: 0, axis: null,
		style: { fontSize: "12px", background: "none", overflow: "visible" },
		x: { type: "identity" }, y: { type: "identity" },
		marks: [
			Plot.ruleX(ticks, { x, y1: MARGIN.top, y2: bottom,
				stroke: "var(--hairline)" }),
			Plot.text(ticks, { x, y: bottom + 12,
				text: (v) => formatNumber(v, 1) }),
			Plot.text([0], { x: (x.range()[0] + x.range()[1]) / 2,
				y: bottom + 29, text: () => "Mbit/s of payload" }),
			...rows.flatMap((row) => rowMarks(row, x, study)),
		],
	});

	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", groups.flat().map((cell) =>
		`${cell.path}, ${formatPoint(cell, study.varying)}: ${
			sayRate(cell)}`).join("; "));
	return quiet(svg);
}

/* An interval, or which of its ends is open. */
function sayRate(cell) {
	const rate = formatNumber(cell.no_loss_mbps);
	const { no_loss_mbps_lo: lo, no_loss_mbps_hi: hi } = cell;

	if (!cell.no_loss_mbps)
		return "not known";
	if (lo && !hi && lo === cell.no_loss_mbps)
		return `no loss up to ${rate}`;
	if (!lo && hi && hi === cell.no_loss_mbps)
		return `loss even at ${rate}`;
	return `${rate} (${lo ? formatNumber(lo) : "less"} to ${
		hi ? formatNumber(hi) : "more"})`;
}

function sayShare(cell) {
	return cell.no_loss_efficiency ? `${formatPercent(
		cell.no_loss_efficiency)}\u00a0% (${formatPercent(
		cell.no_loss_efficiency_lo)} to ${formatPercent(
		cell.no_loss_efficiency_hi)})` : "";
}

function sayTrials(cell) {
	const voids = cell.no_loss_void ?? 0;

	return cell.no_loss_uneven ? `${cell.no_loss_trials}, uneven`
		: voids ? `${cell.no_loss_trials - voids} + ${voids} void`
			: `${cell.no_loss_trials}`;
}

const COLUMNS = [
	["without loss, Mbit/s", sayRate],
	["of the reference’s", sayShare],
	["at overload, Mbit/s", (cell) => formatNumber(cell.throughput_mbps)],
	["of offered", (cell) => formatNumber(cell.sent_mbps)],
	["trials", sayTrials],
];

function drawTable(study, cells) {
	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": `Rates without loss, ${
			formatPoint(cells[0], study.varying)}` },
	h("table", { class: "small" },
		h("caption", {}, formatPoint(cells[0], study.varying)),
		h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "path"),
			COLUMNS.map(([name]) => h("th", { scope: "col" }, name)))),
		h("tbody", {}, cells.map((cell) => h("tr", {},
			h("th", { scope: "row" }, cell.path),
			COLUMNS.map(([, say]) => h("td", { class: "number" },
				say(cell))))))));
}

export function drawLoss(study, cells, width) {
	const groups = groupPoints(cells);

	if (!groups.length)
		return [h("p", { class: "note" }, "None of these cells was searched.")];
	return [
		h("p", { class: "note" }, "The rate at which half of all trials lose " +
			"more than the plan’s bound, or fill a queue: a dot with its " +
			"95\u00a0% interval, dashed where that is open. A bar is what is " +
			"received where all that the sender can is offered, which the " +
			"other sections are of. Trials in which sender or receiver was " +
			"kept waiting for a processor are void; a hollow dot had " +
			"little else: it is the mean rate of an offer in pauses and bursts."),
		h("figure", { class: "picture" }, drawPicture(study, groups, width)),
		groups.map((some) => drawTable(study, some)),
	];
}
