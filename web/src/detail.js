// SPDX-License-Identifier: GPL-3.0-or-later
// The card of one cell: what was measured, its interval, its blocks, its
// settings. It follows the pointer, the keyboard's focus or, pinned by a click
// or Enter, stays and is part of the link.
import * as Plot from "@observablehq/plot";
import { axisOf, formatBytes, formatInterval, formatNumber, formatPercent } from
	"./format.js";
import { h, quiet } from "./dom.js";
import { getState, setState } from "./state.js";

const PINNED = "cell";

let study;
let ofFocus = false; /* what is shown was not pointed at but focused */
let byId = new Map();

function card() {
	return document.getElementById("detail");
}

function row(label, value, interval) {
	return value === null ? null : h("div", { class: "row" },
		h("dt", {}, label), h("dd", {}, value,
			interval ? h("span", { class: "interval" }, interval) : null));
}

function measured(value, unit) {
	return Number.isFinite(value) && value >= 0
		? `${formatNumber(value)} ${unit}` : null;
}

function halfWidth(cell) {
	return cell.hasEfficiency
		? `±${formatPercent(cell.half_width)}\u00a0%, asked for ±${
			formatPercent(study.precision)}\u00a0%` : null;
}

function results(cell) {
	const buffers = [cell.sndbuf_effective, cell.rcvbuf_effective]
		.map((v) => v ? formatBytes(v) : "–");

	return [
		row("throughput", Number.isFinite(cell.throughput_mbps)
			? `${formatNumber(cell.throughput_mbps, 4)} Mbit/s` : null,
		formatInterval(cell.throughput_lo, cell.throughput_hi,
			(v) => formatNumber(v, 4))),
		row("transactions", Number.isFinite(cell.transactions_per_s)
			? `${formatNumber(cell.transactions_per_s, 4)} /s` : null,
		formatInterval(cell.transactions_per_s_lo, cell.transactions_per_s_hi,
			(v) => formatNumber(v, 4))),
		...[["p50", "50"], ["p99", "99"], ["p9999", "99.99"]].map(([name, of]) =>
			row(`latency, ${of}\u00a0%`, measured(cell[`${name}_us`], "µs"),
				formatInterval(cell[`${name}_us_lo`], cell[`${name}_us_hi`],
					(v) => formatNumber(v)))),
		row("lost", Number.isFinite(cell.loss)
			? `${formatPercent(cell.loss)}\u00a0% of the datagrams` : null),
		row("jitter", measured(cell.jitter_us, "µs")),
		row("efficiency", cell.hasEfficiency
			? `${formatPercent(cell.efficiency)}\u00a0%` : null,
		formatInterval(cell.efficiency_lo, cell.efficiency_hi,
			formatPercent)),
		row("half width", halfWidth(cell)),
		row("inner blocks’", cell.hasEfficiency && cell.efficiency_trimmed > 0
			? `${formatPercent(cell.efficiency_trimmed)}\u00a0%, without ` +
				"the outer fifths" : null),
		row("blocks", cell.blocks?.toLocaleString("en") ?? null),
		row("buffers in force", cell.sndbuf_effective ||
			cell.rcvbuf_effective
			? `${buffers[0]} sending, ${buffers[1]} receiving` : null),
		row("CPU", measured(cell.cpu_us_per_kb, "µs/KB")),
		row("context switches", measured(cell.context_switches_per_s,
			"per second")),
		row("page faults", measured(cell.page_faults_per_s, "per second")),
		row("cause", cell.cause || null),
	];
}

/* What was counted, a line each; nothing of what was not. */
function counters(cell) {
	const { counters: counted } = study.json;
	const values = counted?.cells[cell.pathIndex * study.points + cell.point];

	if (!values)
		return null;
	return h("dl", { class: "counters" }, counted.rows.map(([name, unit], i) =>
		values[i] === null || values[i] === undefined ? null
			: row(name, unit === "of the time"
				? `${formatPercent(values[i])}\u00a0% ${unit}`
				: `${formatNumber(values[i])} ${unit}`)));
}

/* A point's blocks in time order: the path's rate over the reference's, or
 * the reference's own rate. */
function blockValues(cell) {
	const blocks = study.history[cell.point] ?? [];

	return blocks.map((rates, i) => {
		const own = rates[cell.pathIndex], reference = rates[0];

		return { i: i + 1, value: cell.pathIndex === 0 ? own
			: reference > 0 && own !== null ? 100 * own / reference : NaN };
	}).filter((block) => Number.isFinite(block.value));
}

function sayEach() {
	return study.historyStep > 1
		? `every ${study.historyStep}th block’s` : "each block’s";
}

function drawBlocks(cell) {
	const blocks = blockValues(cell);
	const reference = cell.pathIndex === 0;
	const scale = reference ? 1 : 100;
	const names = reference ? ["throughput_lo", "throughput_hi",
		"throughput_mbps"] : ["efficiency_lo", "efficiency_hi", "efficiency"];
	const [lo, hi, at] = names.map((name) => cell[name] * scale);

	if (blocks.length < 2)
		return null;
	const band = Number.isFinite(lo) ? [
		Plot.rectY([0], { x1: 0.4, x2: blocks.length + 0.6, y1: lo, y2: hi,
			fill: "var(--accent)", fillOpacity: 0.2 }),
		Plot.ruleY([at], { stroke: "var(--accent)" })] : [];

	return h("figure", { class: "blocks" }, quiet(Plot.plot({
		width: 320, height: 96, marginLeft: 40, marginRight: 6,
		marginTop: 8, marginBottom: 20, ariaLabel: "blocks in time order",
		style: { fontSize: "11px", background: "none" },
		x: { domain: [0.4, blocks.length + 0.6], ticks: [1, blocks.length],
			tickFormat: "d",
			tickSize: 0, label: null },
		y: { ticks: 3, tickSize: 0, label: null, grid: false, nice: true },
		marks: [...band, Plot.dot(blocks, { x: "i", y: "value", r: 2,
			fill: "currentColor" })],
	})), h("figcaption", {}, `${sayEach()} ${reference ? "Mbit/s"
		: `ratio to ${study.reference}, %`}, in time order`));
}

function settings(cell) {
	return h("p", { class: "where" }, study.axes.filter(
		(name) => cell[name] !== null).map((name, i) => [
		i ? " · " : "", axisOf(name).short, " ",
		h("b", {}, axisOf(name).format(cell[name]))]));
}

function fill(cell, pinned) {
	const close = pinned ? h("button", { type: "button", class: "close",
		"aria-label": "Unpin this cell",
		onclick: () => setState(PINNED, null) }, "×") : null;

	card().replaceChildren(
		h("h2", {}, cell.path, " ", h("span", {
			class: `status ${cell.status.toLowerCase()}` },
		cell.status.replace("_", " "))), ...(close ? [close] : []),
		settings(cell), h("dl", {}, results(cell)),
		...[drawBlocks(cell), counters(cell)].filter(Boolean));
	card().classList.toggle("pinned", pinned);
	card().hidden = false;
}

/* Beside the place, on the side that has room; CSS makes it a sheet at the
 * lower edge of narrow screens. */
function placeBeside(x, y) {
	const { offsetWidth: width, offsetHeight: height } = card();
	const left = x + 20 + width < innerWidth ? x + 20
		: Math.max(8, x - 20 - width);
	const top = Math.max(8, Math.min(y - height / 3, innerHeight - height - 8));

	card().style.setProperty("--left", `${left}px`);
	card().style.setProperty("--top", `${top}px`);
}

function pinnedCell() {
	return byId.get(getState(PINNED)) ?? null;
}

function show(cell, x, y) {
	if (pinnedCell())
		return;
	if (!cell) {
		card().hidden = true;
		return;
	}
	if (card().hidden || card().dataset.cell !== cell.id)
		fill(cell, false);
	card().dataset.cell = cell.id;
	placeBeside(x, y);
}

function togglePin(cell) {
	setState(PINNED, !cell || getState(PINNED) === cell.id ? null : cell.id);
}

/** What makes an element show a cell. */
export const pointAt = {
	hover(element, find) {
		element.addEventListener("pointermove", (event) => {
			if (event.pointerType === "touch")
				return;
			ofFocus = false;
			show(find(event), event.clientX, event.clientY);
		});
		element.addEventListener("pointerleave", () => show(null));
		element.addEventListener("click", (event) => {
			const cell = find(event);

			if (cell)
				togglePin(cell);
		});
	},
	focus(element, cell) {
		element.addEventListener("focus", () => {
			const box = element.getBoundingClientRect();

			if (!element.matches(":focus-visible"))
				return;
			ofFocus = true;
			show(cell, box.right, box.top);
		});
		element.addEventListener("blur", () => show(null));
		element.addEventListener("keydown", (event) => {
			if (event.key !== "Enter" && event.key !== " ")
				return;
			event.preventDefault();
			togglePin(cell);
		});
	},
};

/** Shows the cell that the fragment names, or hides the card. */
export function showPinned() {
	const cell = pinnedCell();

	delete card().dataset.cell;
	if (!cell) {
		card().hidden = true;
		return;
	}
	fill(cell, true);
}

/** The cells are new ones. */
export function updateDetail() {
	byId = new Map(study.cells.map((cell) => [cell.id, cell]));
	if (getState(PINNED))
		showPinned();
}

export function installDetail(theStudy) {
	study = theStudy;
	byId = new Map(study.cells.map((cell) => [cell.id, cell]));
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape" && getState(PINNED))
			setState(PINNED, null);
		else if (event.key === "Escape")
			card().hidden = true;
	});
	addEventListener("scroll", () => !ofFocus && show(null),
		{ passive: true });
}
