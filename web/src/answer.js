// SPDX-License-Identifier: GPL-3.0-or-later
// The answer in one sentence and one picture: what share of the reference's
// throughput each path carries, over all points, at worst and at best.
import * as Plot from "@observablehq/plot";
import { formatInterval, formatPercent, formatPercentShort, formatPoint } from
	"./format.js";
import { countStatus, meanEfficiency } from "./model.js";
import { pathColor } from "./color.js";
import { scaleLinear } from "d3";
import { groupBy } from "./curves.js";
import { joinWords, plural, quiet, h } from "./dom.js";

const ROW = 74, SWARM = 46, DOT = 2.2;
const MARGIN = { left: 104, right: 30, top: 8, bottom: 38 };

function summarize(study, cells) {
	return study.paths.slice(1).map((path) => {
		const own = cells.filter((cell) => cell.path === path.name);

		return { path, cells: own, mean: meanEfficiency(own) };
	}).filter((summary) => summary.mean);
}

function saidInterval(mean) {
	return formatInterval(mean.lo, mean.hi, formatPercent);
}

function sayPath({ path, mean }, first, study) {
	return [h("strong", { style: { color: pathColor(path.index) } }, path.name),
		first ? " carries " : " ", h("b", {}, `${formatPercent(mean.mean)}\u00a0%`),
		first ? ` of ${study.reference}’s ${study.noun}` : null,
		h("span", { class: "interval" }, ` (${saidInterval(mean)})`)];
}

function sayCell(study, label, cell) {
	return [`${label}: ${cell.path} at ${formatPoint(cell, study.varying)}, `,
		h("b", {}, `${formatPercent(cell.efficiency)}\u00a0%`),
		h("span", { class: "interval" }, ` (${formatInterval(
			cell.efficiency_lo, cell.efficiency_hi, formatPercent)})`), ". "];
}

function extremeOf(summaries, which) {
	const cells = summaries.map((summary) => summary.mean[which]);
	const sign = which === "worst" ? 1 : -1;

	return cells.reduce((a, b) =>
		sign * (b.efficiency - a.efficiency) < 0 ? b : a);
}

function spreadOf(summaries) {
	const worst = extremeOf(summaries, "worst");
	const best = extremeOf(summaries, "best");

	return [worst, best];
}

function saySentence(study, cells, summaries) {
	const [worst, best] = spreadOf(summaries);
	const points = Math.max(...summaries.map(({ mean }) => mean.n));
	const filtered = cells.length < study.cells.length;

	return [h("p", { class: "answer" },
		filtered ? "In this selection, on " : "On ",
		`average over ${plural(points, "point")}, `,
		joinWords(summaries.map((summary, i) =>
			sayPath(summary, i === 0, study))), "."),
	h("p", { class: "spread" }, sayCell(study, "Worst", worst),
		worst === best ? null : sayCell(study, "Best", best))];
}

/* A swarm: dots in columns as wide as a dot, stacked about the middle, closer
 * where a column is too high for its row. */
function stackDots(cells, x) {
	const columns = groupBy(cells, (cell) =>
		Math.round(x(cell.efficiency) / (2 * DOT)));
	const highest = Math.max(...[...columns.values()].map((c) => c.length));
	const step = Math.min(2 * DOT, SWARM / Math.max(1, highest - 1));

	return [...columns].flatMap(([column, some]) => some.map((cell, i) => ({
		cell, x: column * 2 * DOT, dy: step * (i - (some.length - 1) / 2) })));
}

function sayDot(study, { cell }) {
	return `${formatPoint(cell, study.varying)}: ${
		formatPercent(cell.efficiency)}\u00a0%`;
}

function rowMarks(summary, row, x, study) {
	const { path, cells, mean } = summary;
	const color = pathColor(path.index);
	const middle = MARGIN.top + ROW * (row + 0.5);
	const dots = stackDots(cells.filter((cell) => cell.hasEfficiency &&
		cell.status !== "CAPPED"), x);
	const text = (value, px, dy, options) => Plot.text([value], {
		x: () => px, y: () => middle + dy, text: String, fill: color,
		textAnchor: "start", fontWeight: 600, ...options });
	const bar = (options) => Plot.ruleX([mean], { x: (d) => x(d.mean),
		y1: middle - 29, y2: middle + 29, ...options });

	return [
		Plot.dot(dots, { x: "x", y: (d) => middle + d.dy, r: DOT, fill: color,
			fillOpacity: 0.55, title: (d) => sayDot(study, d) }),
		text(formatPercentShort(mean.worst.efficiency),
			x(mean.worst.efficiency) - 8, 0, { textAnchor: "end" }),
		mean.n > 1 ? text(formatPercentShort(mean.best.efficiency),
			x(mean.best.efficiency) + 8, 0) : null,
		bar({ stroke: "var(--paper)", strokeWidth: 6 }),
		Plot.rect([mean], { x1: (d) => x(d.lo), x2: (d) => x(d.hi),
			y1: middle - 29, y2: middle + 29, fill: color,
			fillOpacity: 0.35 }),
		bar({ stroke: color, strokeWidth: 2.2 }),
		text(cutName(path.name), 0, -9, { fontSize: 14 }),
		text(`${formatPercent(mean.mean)}\u00a0%`, 0, 9, { fontSize: 14,
			fontWeight: 400 }),
	];
}

/* Its end: sweeps name their paths KEY.VALUE, and are told apart by that. */
function cutName(name) {
	return name.length > 13 ? `…${name.slice(-12)}` : name;
}

/* From 0, unless every cell lies above a half: dots, unlike bars, need no
 * zero. */
function efficiencyScale(summaries, width) {
	const values = summaries.flatMap(({ mean }) =>
		[mean.worst.efficiency, mean.best.efficiency]);
	const least = Math.min(...values);
	const from = least > 0.55 ? Math.floor(10 * least - 0.5) / 10 : 0;

	const most = Math.max(...values);
	const hi = Math.max(...summaries.map(({ mean }) => mean.hi));

	return scaleLinear([from, Math.max(1, most, Math.min(hi, 1.3 * most))],
		[MARGIN.left + (from ? 24 : 0), width - MARGIN.right]);
}

/* Everything in px: the swarm needs to know where its dots come to lie. */
function drawPicture(study, summaries, width) {
	const x = efficiencyScale(summaries, width);
	const bottom = MARGIN.top + ROW * summaries.length;
	const ticks = x.ticks(width < 500 ? 5 : 10);

	const svg = Plot.plot({
		width, height: bottom + MARGIN.bottom, margin: 0, axis: null,
		style: { fontSize: "12px", background: "none", overflow: "visible" },
		x: { type: "identity" }, y: { type: "identity" },
		marks: [
			Plot.ruleX(ticks, { x, y1: MARGIN.top, y2: bottom,
				stroke: "var(--hairline)" }),
			Plot.ruleX([1], { x, y1: 0, y2: bottom,
				stroke: "var(--ink)", strokeDasharray: "3,3" }),
			Plot.text(ticks, { x, y: bottom + 12,
				text: (v) => `${Math.round(v * 100)}` }),
			Plot.text([0], { x: (x.range()[0] + x.range()[1]) / 2,
				y: bottom + 29, text: () => `% of ${study.reference}’s ${
				study.noun}` + "; a dot is a cell, the bar their mean" }),
			...summaries.flatMap((summary, row) =>
				rowMarks(summary, row, x, study)),
		],
	});

	svg.setAttribute("role", "img");
	svg.setAttribute("aria-label", summaries.map(({ path, mean }) =>
		`${path.name}: mean ${formatPercent(mean.mean)} percent, from ${
			formatPercent(mean.worst.efficiency)} to ${
			formatPercent(mean.best.efficiency)}`).join("; "));
	return quiet(svg);
}

function sayStanding(study, cells) {
	const judged = cells.filter((cell) => cell.status !== "REFERENCE");
	const words = [["REACHED", `at ±${formatPercent(study.precision)}\u00a0% or better`],
		["NOT_REACHED", "out of budget before that"],
		["CAPPED", "capped by the link"], ["FAILED", "failed"]]
		.map(([status, what]) => [countStatus(judged, status), what])
		.filter(([n], i) => n > 0 || i === 0)
		.map(([n, what]) => `${n.toLocaleString("en")} ${what}`);

	return h("p", { class: "standing" },
		`Of ${plural(judged.length, "compared cell")}: `, words.join(", "),
		". Averages are geometric; in brackets, 95\u00a0% confidence intervals.");
}

/* Never silently: the figures of emulation are no hardware's. */
function sayEmulated(study) {
	const nodes = Object.entries(study.json.settings ?? {})
		.filter(([, settings]) => settings?.accelerator === "tcg")
		.map(([node]) => node);

	return nodes.length ? h("p", { class: "emulated" }, h("strong", {},
		"Emulated: "), joinWords(nodes), " ran on QEMU’s tcg, without KVM. " +
		"What follows is the speed of emulation, not of hardware.") : null;
}

/* First of all: these are no speeds. */
function sayExact(study) {
	return study.design.time === "exact" ? h("p", { class: "emulated" },
		h("strong", {}, "Exact time: path lengths. "),
		"What follows counts instructions of an emulated machine, each as " +
		"1\u00a0ns: no caches, no TLB, no costs of transitions. It is no speed, " +
		"and not to be laid beside figures of the wall clock; the same seed " +
		"gives the same digits anywhere.") : null;
}

export function drawAnswer(study, cells, width) {
	const summaries = summarize(study, cells);

	if (!summaries.length)
		return [h("p", { class: "answer" }, study.paths.length > 1
			? "No efficiency could be estimated for these cells."
			: "Only one path was measured, so there is nothing to compare.")];
	return [sayExact(study), sayEmulated(study), saySentence(study, cells, summaries),
		h("figure", { class: "picture" },
			drawPicture(study, summaries, width)),
		sayStanding(study, cells)];
}
