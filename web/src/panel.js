// SPDX-License-Identifier: GPL-3.0-or-later
// One panel of a figure: lines with interval bands over an axis, a mark for
// each cell that can be pointed at or walked through with the arrow keys, and
// the lines' names at their right ends. Every figure of lines is made of it.
import * as Plot from "@observablehq/plot";
import { scaleLinear, scaleLog } from "d3";
import { arrowStep, h, makeRoving, quiet } from "./dom.js";
import { pointAt } from "./detail.js";

const SIZE = { width: 360, height: 236 };
const MARGIN = { top: 24, right: 42, bottom: 34, left: 44 };
const LONGEST = 16; /* letters of a line's name beside it */
const LABEL_GAP = 10.5;
const REACH = 28; /* how far off a pointer may be, in panel units */


/* What was not measured stands on the axis, crossed out. */
function symbolOf(row) {
	if (!row.measured)
		return "times";
	return row.cell.status === "CAPPED" ? "square" : "circle";
}

function isFilled(cell) {
	return cell.status === "REACHED" || cell.status === "REFERENCE";
}

/* Lines that end in a bundle are named in their own order, not in that of
 * differences too small to see. */
function orderLabels(labels) {
	let bundle = 0;

	labels.sort((a, b) => a.y - b.y);
	labels.forEach((label, i) => {
		if (i > 0 && label.y - labels[i - 1].y > LABEL_GAP / 2)
			bundle++;
		label.bundle = bundle;
	});
	labels.sort((a, b) => a.bundle - b.bundle || b.order - a.order);
}

/* Pushes labels apart, downwards then back up from the lower edge. */
function spreadLabels(labels, lower) {
	orderLabels(labels);
	for (let i = 1; i < labels.length; i++)
		labels[i].y = Math.max(labels[i].y, labels[i - 1].y + LABEL_GAP);
	for (let i = labels.length - 1, limit = lower; i >= 0; i--) {
		labels[i].y = Math.min(labels[i].y, limit);
		limit = labels[i].y - LABEL_GAP;
	}
	return labels;
}

function cutLabel(text) {
	return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/* Room for the longest name, 6 units a letter. */
function rightMargin(rows) {
	return Math.max(MARGIN.right, 14 + 6 * Math.max(
		...rows.map((row) => cutLabel(row.lineLabel).length)));
}

/* A thin line from where a line of the figure ends to its name. */
function drawLeaders(svg, labels, right) {
	const x = svg.scale("x").apply;

	for (const label of labels) {
		const from = x(label.x) + 4, to = SIZE.width - right + 4;
		const line = document.createElementNS(svg.namespaceURI, "path");

		line.setAttribute("d", `M${from},${label.at}L${
			Math.max(from, to - 8)},${label.at}L${to},${label.y}`);
		line.setAttribute("class", "leader");
		line.style.stroke = label.color;
		svg.append(line);
	}
}

function endLabels(rows, y) {
	const last = new Map();

	for (const row of rows)
		if (Number.isFinite(row.y) && !(last.get(row.line)?.x > row.x))
			last.set(row.line, row);
	const labels = [...last.values()].map((row) => ({
		text: cutLabel(row.lineLabel), color: row.color, x: row.x,
		order: row.order,
		y: y(row.y), at: y(row.y),
	}));

	return spreadLabels(labels, SIZE.height - MARGIN.bottom);
}

function scaleY(args) {
	const range = [SIZE.height - MARGIN.bottom, MARGIN.top];

	return args.log ? scaleLog(args.domain, range)
		: scaleLinear(args.domain, range);
}

function marks(args, rows, y, labels) {
	const shown = rows.filter((row) => Number.isFinite(row.y));
	const floor = args.domain[0];
	const by = { x: "x", y: "y", z: "line", stroke: "color" };

	return [
		Plot.gridY({ ticks: args.log ? 4 : 5, strokeOpacity: 1,
			stroke: "var(--hairline)" }),
		args.rule ? Plot.ruleY([args.rule],
			{ stroke: "var(--ink)", strokeWidth: 0.8,
				strokeDasharray: "3,3" }) : null,
		Plot.areaY(shown, { x: "x", y1: "lo", y2: "hi", z: "line",
			fill: "color", fillOpacity: 0.16, clip: true }),
		Plot.line(rows, { ...by, strokeWidth: 1.4 }),
		Plot.ruleX(shown, { x: "x", y1: "lo", y2: "hi",
			stroke: "color", strokeWidth: 0.9, strokeOpacity: 0.75,
			clip: true }),
		Plot.text(labels, {
			x: () => args.x.domain.at(-1), y: (d) => y.invert(d.y),
			text: "text", fill: "color", textAnchor: "start", dx: 8,
			fontWeight: 600, clip: false }),
		Plot.dot(rows.map((row) => ({ ...row,
			measured: Number.isFinite(row.y),
			y: Number.isFinite(row.y) ? row.y : floor })), {
			x: "x", y: "y", r: 2.6, stroke: "color", strokeWidth: 1.2,
			symbol: symbolOf,
			fill: (d) => isFilled(d.cell) ? d.color : "var(--paper)",
			className: "cells" }),
	];
}

function markPositions(svg, rows) {
	const group = [...svg.querySelectorAll('[aria-label="dot"]')].at(-1);

	return [...(group?.children ?? [])].map((element) => {
		const row = rows[element.__data__];
		const move = element.getAttribute("transform");
		const [x, y] = move ? move.match(/-?[\d.]+/g).map(Number)
			: [+element.getAttribute("cx"), +element.getAttribute("cy")];

		return { element, row, x, y };
	});
}

function nearest(positions, svg, event) {
	const box = svg.getBoundingClientRect();
	const scale = SIZE.width / box.width;
	const x = (event.clientX - box.left) * scale;
	const y = (event.clientY - box.top) * scale;
	let best = null, least = REACH;

	for (const mark of positions) {
		const distance = Math.hypot(mark.x - x, mark.y - y);

		if (distance < least)
			[best, least] = [mark, distance];
	}
	return best;
}

/* Pointer and keyboard lead to the same place: the cell's detail. */
function makeLively(svg, rows, args) {
	const positions = markPositions(svg, rows);

	for (const { element, row } of positions) {
		element.setAttribute("role", "img");
		element.setAttribute("aria-label", args.describe(row));
		element.classList.add("mark");
		pointAt.focus(element, row.cell);
	}
	makeRoving(svg, positions.map((mark) => mark.element), arrowStep());
	pointAt.hover(svg, (event) => {
		const mark = nearest(positions, svg, event);

		for (const { element } of positions)
			element.classList.toggle("on", element === mark?.element);
		return mark?.row.cell ?? null;
	});
}

/**
 * args: title, rows [{x, y, lo, hi, line, lineLabel, color, cell}], x: {domain,
 * ticks, format, label, type}, domain of y, log, yLabel, yFormat, rule,
 * describe(row), place {path, mtu}: a <figure>.
 */
export function drawPanel(args) {
	const rows = args.rows.slice().sort((a, b) =>
		a.order - b.order || a.x - b.x);
	const y = scaleY(args);
	const labels = endLabels(rows, y), right = rightMargin(rows);
	const svg = Plot.plot({
		...SIZE, marginTop: MARGIN.top, marginRight: right,
		marginBottom: MARGIN.bottom, marginLeft: MARGIN.left,
		style: { fontSize: "11px", background: "none",
			overflow: "visible" },
		x: { type: args.x.type, domain: args.x.domain,
			ticks: args.x.ticks, tickFormat: args.x.format,
			label: args.x.label, labelAnchor: "center",
			labelArrow: "none", inset: 6, tickSize: 3, base: 2 },
		y: { type: args.log ? "log" : "linear", domain: args.domain,
			label: args.yLabel, labelArrow: "none", ticks: 5,
			tickFormat: args.yFormat, tickSize: 0, labelOffset: 40 },
		color: { type: "identity" }, symbol: { type: "identity" },
		marks: marks(args, rows, y, labels),
	});

	svg.setAttribute("role", "group");
	svg.setAttribute("aria-label",
		`${args.title}: ${args.yLabel} over ${args.x.label}; ` +
		"arrow keys walk through the cells");
	drawLeaders(svg, labels, right);
	makeLively(svg, rows, args);
	quiet(svg);
	return h("figure", { class: "panel", style: args.place },
		h("figcaption", {}, args.title), svg);
}

/** Ticks that do not touch: of values on a logarithmic axis, those that stand
 * `gap` units or more behind the last that was kept. */
export function thinTicks(values, gap = 22) {
	const width = SIZE.width - MARGIN.left - MARGIN.right - 12;
	const span = Math.log(values.at(-1) / values[0]) || 1;
	let last = -Infinity;

	return values.filter((value) => {
		const at = width * Math.log(value / values[0]) / span;

		if (at - last < gap)
			return false;
		last = at;
		return true;
	});
}
