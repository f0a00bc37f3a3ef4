// SPDX-License-Identifier: GPL-3.0-or-later
// Figure 5 of the 2007 study: the paths side by side at the smallest and the
// largest message, over the socket size.
import { domainOf, groupBy, groupHeading, rateOf } from "./curves.js";
import { axisOf, formatBytes, formatPoint } from "./format.js";
import { pathColor } from "./color.js";
import { groupCells, panelsClass, placeIn } from "./model.js";
import { drawPanel } from "./panel.js";
import { h } from "./dom.js";

const INSIDE = ["path", "mtu", "socket_size", "message_size"];

function toRow(cell, measure) {
	const failed = cell.status === "FAILED";

	return {
		cell, x: cell.socketIndex, order: -cell.pathIndex,
		y: failed ? NaN : cell[measure.y] ?? NaN,
		lo: cell[measure.lo] ?? NaN, hi: cell[measure.hi] ?? NaN,
		line: cell.path, lineLabel: cell.path,
		color: pathColor(cell.pathIndex),
	};
}

/* Socket sizes stand at equal distances: 0, the kernel's own sizing, has no
 * logarithm. */
function socketAxis(study) {
	const sizes = study.values.socket_size;
	const ticks = sizes.map((_, i) => i);

	return { type: "linear", ticks,
		domain: sizes.length > 1 ? [0, sizes.length - 1] : [-1, 1],
		format: (i) => axisOf("socket_size").format(sizes[i]),
		label: "socket size" };
}

function drawOne(study, shown, cells, domain) {
	const { mtu, message_size: message } = cells[0];
	const measure = rateOf(study);

	return drawPanel({
		title: `${study.exchange ? "Request" : "Message"} ${formatBytes(message)}, MTU ${mtu}`,
		rows: cells.map((cell) => toRow(cell, measure)), x: socketAxis(study), domain,
		yLabel: measure.label, yFormat: measure.ticks,
		place: placeIn(shown, cells[0], "message_size"),
		describe: ({ cell }) => `${cell.path}, ${formatPoint(cell,
			["socket_size"])}: ${measure.format(
			cell[measure.y])} ${measure.label}, ${cell.status}`,
	});
}

function drawMtu(study, shown, cells) {
	const measure = rateOf(study);
	const domain = domainOf(cells.map((cell) => toRow(cell, measure)), measure,
		false);

	return [...groupBy(cells, (cell) => cell.message_size).values()]
		.sort((a, b) => a[0].message_size - b[0].message_size)
		.map((some) => drawOne(study, shown, some, domain));
}

export function drawExtremes(study, cells) {
	const sizes = study.values.message_size;
	const extreme = cells.filter((cell) => cell.message_size === sizes[0] ||
		cell.message_size === sizes.at(-1));

	for (const cell of extreme)
		cell.socketIndex = study.values.socket_size.indexOf(
			cell.socket_size);
	if (!extreme.length)
		return [h("p", { class: "empty" }, "Neither the smallest nor the " +
			"largest message is in the selection.")];
	return groupCells(study, extreme, INSIDE).map((group) => h("div", {},
		groupHeading(group),
		h("div", { class: panelsClass(study) }, [...groupBy(group.cells,
			(cell) => cell.mtu).values()].map(
			(row) => drawMtu(study, extreme, row)))));
}
