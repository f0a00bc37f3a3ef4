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

export function drawCost(study, cells) {
	const [measured, missing] = splitCosts(cells);
	const unsaid = missing.length ? h("p", {}, "This study did not measure ",
		joinWords(missing.map(([, label]) => label)), ".") : null;
	const figures = measured.map(([name, label, unit]) => [
		h("h3", {}, `${label[0].toUpperCase()}${label.slice(1)}, ${unit}`),
		drawCurves(study, cells, { measure: {
			...THROUGHPUT, y: name, lo: undefined, hi: undefined,
			label: unit, format: (v) => `${formatNumber(v)} ${unit}` } })]);

	return [unsaid, ...figures];
}
