// SPDX-License-Identifier: GPL-3.0-or-later
// Efficiency as tables, a number in each cell: rows are socket sizes, columns
// message sizes, as the 2007 study sorts its figures. Colors diverge from 1.0,
// equal ratios being equally strong: 1/2 as strong as 2.
import { axisOf, formatInterval, formatPercent, formatPercentShort } from
	"./format.js";
import { groupBy, groupHeading } from "./curves.js";
import { groupCells, panelsClass, placeIn } from "./model.js";
import { arrowStep, h, makeRoving } from "./dom.js";
import { pointAt } from "./detail.js";

const INSIDE = ["path", "mtu", "socket_size", "message_size"];
const LEAST_SPAN = Math.log(1.25);

/** Signs beside a number, and what they mean. */
export const SIGNS = {
	NOT_REACHED: ["†", "not reached: out of budget before the precision asked for"],
	CAPPED: ["‡", "capped: the link binds both paths, the ratio says nothing"],
	FAILED: ["×", "failed: nothing was measured"],
};

/** The |ln R| that has the full color: the study's largest. */
export function colorSpan(study) {
	return study.cells.filter((cell) => cell.efficiency > 0).reduce(
		(most, cell) => Math.max(most, Math.abs(Math.log(cell.efficiency))),
		LEAST_SPAN);
}

function shade(cell, span) {
	if (!cell.hasEfficiency || cell.status === "CAPPED")
		return {};
	const strength = Math.log(Math.max(cell.efficiency, 1e-9)) / span;
	const weight = `${Math.min(100, Math.abs(strength) * 100).toFixed(1)}%`;

	return { "--heat": strength < 0 ? "var(--heat-less)" : "var(--heat-more)",
		"--weight": weight };
}

function sayCell(cell) {
	if (cell.status === "FAILED")
		return `failed: ${cell.cause || "cause not stored"}`;
	if (!cell.hasEfficiency)
		return "no efficiency";
	return `${formatPercent(cell.efficiency)} percent, ${formatInterval(
		cell.efficiency_lo, cell.efficiency_hi, formatPercent)}, ${
		cell.blocks} blocks, ${cell.status.toLowerCase().replace("_", " ")}`;
}

function drawCell(cell, span) {
	if (!cell)
		return h("td", { class: "none" }, "");
	const [sign] = SIGNS[cell.status] ?? [""];
	const td = h("td", { class: `heat ${cell.status.toLowerCase()}`,
		style: shade(cell, span), "data-cell": cell.id,
		"aria-label": sayCell(cell) },
	cell.hasEfficiency ? formatPercentShort(cell.efficiency)
		: cell.status === "FAILED" ? "" : "–",
	sign ? h("span", { class: "sign" }, sign) : null);

	pointAt.hover(td, () => cell);
	pointAt.focus(td, cell);
	return td;
}

function drawTable(study, shown, cells, span) {
	const rows = groupBy(cells, (cell) => cell.socket_size);
	const columns = study.values.message_size.filter(
		(size) => cells.some((cell) => cell.message_size === size));
	const sizes = study.values.socket_size.filter((size) => rows.has(size));
	const format = (name) => (value) => axisOf(name).format(value);
	const body = sizes.map((size) => h("tr", {},
		h("th", { scope: "row" }, format("socket_size")(size)),
		columns.map((column) => drawCell(rows.get(size).find(
			(cell) => cell.message_size === column), span))));
	const { path, mtu } = cells[0];
	const title = study.values.mtu.length > 1 ? `${path}, MTU ${mtu}` : path;
	const table = h("table", { class: "heatmap", style: {
		"--columns": String(columns.length) } },
		h("caption", {}, title, h("span", { class: "unit" },
			` — % of ${study.reference}`)),
		h("thead", {}, h("tr", {},
			h("th", { scope: "col", class: "corner" }, "socket ↓ message →"),
			columns.map((size) => h("th", { scope: "col" },
				format("message_size")(size))))),
		h("tbody", {}, body));

	makeRoving(table, [...table.querySelectorAll("td.heat")],
		arrowStep(columns.length));
	return h("div", { class: "panel", style: {
		...placeIn(shown, cells[0]) } }, table);
}

function drawLegend(study, span) {
	const logs = study.cells.filter((cell) => cell.efficiency > 0)
		.map((cell) => Math.log(cell.efficiency) / span);
	const least = Math.min(...logs), most = Math.max(...logs);
	const steps = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
		.filter((t) => t === 0 || t > least - 0.2 && t < most + 0.2)
		.map((t) => ({ ratio: Math.exp(t * span), t }));

	return h("p", { class: "legend", "aria-hidden": "true" },
		steps.map(({ ratio, t }) => h("span", { class: "swatch", style: {
			"--heat": t < 0 ? "var(--heat-less)" : "var(--heat-more)",
			"--weight": `${Math.abs(t) * 100}%` } },
		formatPercentShort(ratio))),
		h("span", { class: "unit" }, ` % of ${study.reference}; equal ratios ` +
			"have equally strong colors"));
}

/** The signs that these cells need, explained. */
export function drawSigns(cells) {
	const used = Object.keys(SIGNS).filter((status) => cells.some(
		(cell) => cell.status === status));

	return used.length ? h("p", { class: "signs" }, used.map((status) =>
		h("span", {}, h("b", {}, SIGNS[status][0]), ` ${SIGNS[status][1]}. `)))
		: null;
}

export function drawHeat(study, cells) {
	const span = colorSpan(study);
	const others = cells.filter((cell) => cell.pathIndex > 0);

	if (!others.length)
		return [h("p", { class: "empty" }, "No cell of another path than the " +
			"reference is in the selection.")];
	return [drawLegend(study, span), drawSigns(others),
		groupCells(study, others, INSIDE).map((group) => h("div", {},
			groupHeading(group),
			h("div", { class: panelsClass(study, "heatmaps") }, [...groupBy(group.cells,
				(cell) => `${cell.path}/${cell.mtu}`).values()].map(
				(some) => drawTable(study, others, some, span)))))];
}
