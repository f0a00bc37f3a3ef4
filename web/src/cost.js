// SPDX-License-Identifier: GPL-3.0-or-later
// What a path costs beside its throughput, where the study measured it.
import { drawCurves, THROUGHPUT } from "./curves.js";
import { formatNumber } from "./format.js";
import { joinWords, h } from "./dom.js";

const MEASURES = [
	["cpu_us_per_kb", "CPU time", "µs/KB"],
	["context_switches_per_s", "context switches", "1/s"],
	["page_faults_per_s", "page faults", "1/s"],
];

function isMeasured(cells, name) {
	return cells.some((cell) => Number.isFinite(cell[name]) &&
		cell[name] >= 0);
}

/** Which were measured and which not: [[name, label, unit], ...] twice. */
export function splitCosts(cells) {
	return [MEASURES.filter(([name]) => isMeasured(cells, name)),
		MEASURES.filter(([name]) => !isMeasured(cells, name))];
}

function meanOf(cells, name) {
	const values = cells.map((cell) => cell[name]).filter((v) => v > 0);

	return values.length ? Math.exp(values.reduce((sum, v) =>
		sum + Math.log(v), 0) / values.length) : NaN;
}

/* Each path's throughput and costs side by side, and against the reference. */
function drawTable(study, cells, measured) {
	if (!measured.length)
		return null;
	const columns = [["throughput_mbps", "throughput", "Mbit/s"], ...measured];
	const of = (path, name) => meanOf(cells.filter((cell) =>
		cell.path === path.name), name);
	const paths = study.paths.filter((path) => cells.some((cell) =>
		cell.path === path.name));

	return h("table", { class: "small" },
		h("caption", {}, "Geometric means over the cells shown; in brackets " +
			`as a multiple of ${study.reference}’s`),
		h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "path"),
			columns.map(([, label, unit]) => h("th", { scope: "col" },
				`${label}, ${unit}`)))),
		h("tbody", {}, paths.map((path) => h("tr", {},
			h("th", { scope: "row" }, path.name),
			columns.map(([name]) => h("td", { class: "number" },
				formatNumber(of(path, name)),
				path.index ? h("span", { class: "interval" }, ` (${
					formatNumber(of(path, name) / of(study.paths[0],
						name), 2)})`) : null))))));
}

export function drawCost(study, cells) {
	const [measured, missing] = splitCosts(cells);
	const unsaid = missing.length ? h("p", {}, "This study did not measure ",
		joinWords(missing.map(([, label]) => label)), ".") : null;
	const figures = measured.map(([name, label, unit]) => [
		h("h3", {}, `${label[0].toUpperCase()}${label.slice(1)}, ${unit}`),
		drawCurves(study, cells, { measure: {
			...THROUGHPUT, y: name, lo: undefined, hi: undefined,
			label: unit, format: (v) => `${formatNumber(v)} ${unit}` } })]);

	return [measured.length ? h("p", { class: "note" }, "What was paid for ",
		"the throughput, over the message size as above; of the whole host, ",
		"both ends and what carries the frames between them.") : null,
	drawTable(study, cells, measured), unsaid, ...figures];
}
