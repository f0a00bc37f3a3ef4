// SPDX-License-Identifier: GPL-3.0-or-later
// What changed since another study: only the cells that did (vazao compare A B
// --format html). The object `comparison` is what --format json writes.
import { formatInterval, formatNumber, formatPercent, formatPoint } from
	"./format.js";
import { h, plural } from "./dom.js";

export function hasChanges(study) {
	return Boolean(study.json.comparison);
}

function change(ratio) {
	return `${ratio >= 1 ? "+" : "−"}${formatPercent(Math.abs(ratio - 1))}\u00a0%`;
}

function who(row) {
	return row.path === row.path_a ? row.path
		: `${row.path} against ${row.path_a}`;
}

function verdict(row) {
	return h("span", { class: `verdict ${row.verdict}` }, row.verdict);
}

function sayMean(comparison, mean) {
	const own = comparison.cells.filter((cell) => cell.path === mean.path &&
		!cell.not_judged);
	const count = (name) => own.filter((cell) => cell.verdict === name).length;

	return h("li", {}, verdict(mean), " ", h("b", {}, who(mean)),
		mean.ratio === null ? " was not measured." : [
			` ${change(mean.ratio)} on average`, h("span", {
				class: "interval" }, ` (${formatInterval(mean.ratio_lo,
				mean.ratio_hi, change)})`),
			`: ${count("worse")} worse, ${count("better")} better, ${
				count("same")} the same, ${count("undecided")} undecided of ${
				plural(own.length, "cell")}.`]);
}

function sayValue(comparison, row, side) {
	return comparison.by === "efficiency" && !comparison.paired
		? `${formatPercent(row[`efficiency_${side}`])}\u00a0%`
		: `${formatNumber(row[`throughput_${side}`])} Mbit/s`;
}

function drawCells(study, comparison, cells) {
	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": "Cells that changed" },
	h("table", { class: "small" }, h("thead", {}, h("tr", {}, ["verdict", "path",
		"cell", "A", "B", "change", "95\u00a0% interval"].map((name) =>
		h("th", { scope: "col" }, name)))),
	h("tbody", {}, cells.map((row) => h("tr", {},
		h("td", {}, verdict(row)), h("td", {}, who(row)),
		h("td", {}, formatPoint(row, study.varying)),
		h("td", { class: "number" }, sayValue(comparison, row, "a")),
		h("td", { class: "number" }, sayValue(comparison, row, "b")),
		h("td", { class: "number" }, change(row.ratio)),
		h("td", {}, formatInterval(row.ratio_lo, row.ratio_hi, change)))))));
}

function show(value) {
	return value === null || value === "" ? "not told"
		: typeof value === "string" ? value : JSON.stringify(value);
}

function drawDifferences({ differences }) {
	return differences.length ? h("details", {}, h("summary", {},
		`${plural(differences.length, "setting")} differ${
			differences.length === 1 ? "s" : ""}`),
	h("table", { class: "small" }, h("thead", {}, h("tr", {}, ["what", "A",
		"B"].map((name) => h("th", { scope: "col" }, name)))),
	h("tbody", {}, differences.map((row) => h("tr", {},
		h("th", { scope: "row" }, row.what), h("td", {}, show(row.a)),
		h("td", {}, show(row.b))))))) : null;
}

/** The section; cells: those of the filter. */
export function drawChanges(study, cells) {
	const { comparison } = study.json;
	const shown = new Set(cells.map((cell) => cell.id));
	const idOf = (row) => [row.path, ...study.axes.map((name) => row[name])]
		.join("/");
	const changed = comparison.cells.filter((row) => !row.not_judged &&
		(row.verdict === "worse" || row.verdict === "better") &&
		shown.has(idOf(row))).sort((a, b) => a.ratio - b.ratio);

	return [h("p", { class: "answer" }, "Overall ", h("b", {},
		comparison.overall), ` against ${comparison.a.title || "A"}.`),
	h("p", { class: "note" }, `A: ${comparison.a.name}; B: ${
		comparison.b.name}. Compared by ${comparison.by}, with a margin of ${
		formatPercent(comparison.margin)}\u00a0%; of the verdicts given at most ${
		formatPercent(comparison.fdr, 0)}\u00a0% are expected to be false (${
		comparison.procedure}).`),
	h("ul", { class: "statements" }, comparison.means.map((mean) =>
		sayMean(comparison, mean))),
	changed.length ? drawCells(study, comparison, changed)
		: h("p", {}, "No cell changed by more than the margin."),
	drawDifferences(comparison)];
}
