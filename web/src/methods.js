// SPDX-License-Identifier: GPL-3.0-or-later
// How it was measured, in sentences and tables that may go into a paper. All
// figures are the study's own; what was not stored is not said.
import { axisOf, formatDate, formatDuration, formatNumber, formatPercent,
	formatPoint, formatRate } from "./format.js";
import { countStatus } from "./model.js";
import { splitCosts } from "./cost.js";
import { joinWords, plural, h } from "./dom.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const LISTED = 24; /* cells of one status that are named one by one */

function m(tag, ...children) {
	const element = document.createElementNS(MATHML, tag);

	element.append(...children);
	return element;
}

const mi = (text) => m("mi", text);
const mo = (text) => m("mo", text);
const row = (...children) => m("mrow", ...children);
const sub = (a, b) => m("msub", mi(a), mi(b));
const root = (text) => m("msqrt", mi(text));

function total(name) {
	return row(mo("∑"), sub(name, "j"));
}

function formulas() {
	const ratio = row(mi("R"), mo("="), m("mfrac", total("y"), total("x")));
	const spread = row(sub("d", "j"), mo("="), m("mfrac", row(sub("y", "j"),
		mo("−"), mi("R"), sub("x", "j")), m("mover", mi("y"), mo("¯"))));
	const interval = row(mi("R"), m("mspace"), mi("exp"), mo("("), mo("±"),
		m("mfrac", row(sub("t", "0.975, ν"), m("msup", mi("s"), mi("*"))),
			root("n")), mo(")"));

	return h("p", { class: "formulas" }, [ratio, spread, interval].map(
		(formula) => m("math", formula)));
}

function number(design, key) {
	const value = Number(design[key]);

	return design[key] !== undefined && design[key] !== null &&
		Number.isFinite(value) ? value : null;
}

function milliseconds(design, key) {
	const ns = number(design, key);

	return ns === null ? null : `${Number((ns / 1e6).toPrecision(3))}\u00a0ms`;
}

function sayAxes(study) {
	return study.varying.map((name) => [h("b", {}, axisOf(name).label), ` ${
		study.values[name].map(axisOf(name).format).join(", ")}`]);
}

function sayFixed(study) {
	const fixed = study.axes.filter((name) => !study.varying.includes(name));

	return study.cells.length && fixed.length
		? ` Held fixed: ${formatPoint(study.cells[0], fixed)}.` : "";
}

function sayDesign(study) {
	const names = study.paths.map(({ name, kind }) => kind && kind !== name
		? [h("b", {}, name), ` (${kind})`] : h("b", {}, name));

	return h("p", {}, `${plural(study.paths.length, "path")} (`,
		joinWords(names), `) were compared at ${plural(study.points,
			"point")}, ${plural(study.cells.length, "cell")} in all; `,
		h("b", {}, study.reference), " is the reference. A point is one ",
		"value of each of: ", sayAxes(study).map((axis, i) =>
			[i ? "; " : "", axis]), ".", sayFixed(study),
		` The link’s rate was ${formatRate(study.json.link_bps)}.`);
}

function isRule2007(study) {
	return String(study.json.rule ?? study.design.rule ?? "") === "2007";
}

function sayRule2007() {
	return h("p", {}, "The rule of the 2007 study was followed, as a control: ",
		"each configuration was measured 3 to 10 times for 7 s, one ",
		"configuration after another, until the 95\u00a0% interval of the mean was ",
		"narrow enough. The intervals here do not contain what drifted between ",
		"the configurations, and are known to be too narrow.");
}

function sayBlocks(study) {
	const { design } = study;
	const slice = milliseconds(design, "slice_ns");
	const guard = milliseconds(design, "guard_ns");
	const cycles = number(design, "cycles");
	const calibrated = Boolean(design.timings);

	return h("p", {}, "The paths were measured in turns, not one after ",
		"another. In a ", h("i", {}, "block"), ", at one point, every path has ",
		"a fresh connection, warmed up and then measured in ",
		cycles && !calibrated ? plural(cycles, "slice") : "slices",
		slice && !calibrated ? ` of ${slice}` : "",
		", interleaved with the other paths’ in random order, each second cycle ",
		"in the order of the first reversed",
		guard && !calibrated
			? `; the first ${guard} after each switch are not counted` : "",
		". Bytes and time were counted at the receiver. A ",
		h("i", {}, "round"), " visits each point that still needs a block once, ",
		"in fresh random order",
		design.seed ? [" (seed ", h("code", {}, String(design.seed)), ")"] : "",
		". So drift strikes all paths of a block alike.",
		design.calibration ? ` Slices, and what is not counted before each: ${design.calibration}.` : "");
}

function sayEstimate() {
	return [h("p", {}, "With ", m("math", sub("x", "j")), " the reference’s and ",
		m("math", sub("y", "j")), " the path’s mean rate in block ",
	m("math", mi("j")), " of ", m("math", mi("n")), ", the efficiency, the ",
	"relative residuals and the 95\u00a0% confidence interval are"),
	formulas(),
	h("p", {}, "where ", m("math", m("msup", mi("s"), mi("*"))), " is the ",
		"standard deviation of ", m("math", sub("d", "j")), ", raised where it ",
		"falls below what the path’s other points show (the pooled variance ",
		"counts as 20 blocks), and multiplied where the blocks of a path ",
		"proved serially correlated. Means over the matrix are geometric; ",
		"their intervals say how exactly the mean over just these points is ",
		"known, not how the points differ.")];
}

function sayStopping(study) {
	const least = number(study.design, "min_blocks");

	return h("p", {}, "A point was measured until every path’s relative half ",
		`width was at most ±${formatPercent(study.precision)}\u00a0%`,
		least ? `, with at least ${plural(least, "block")}` : "",
		", or until the budget was spent",
		". Points were judged at the ends of rounds; the target was never ",
		"widened afterwards, and no block was left out for its value.",
		sayBlockCount(study.json));
}

function sayBlockCount({ good_blocks: good, discarded_blocks: discarded }) {
	if (!Number.isFinite(good))
		return "";
	return ` The study has ${plural(good, "block")}; ${discarded
		? `${discarded} more ${discarded === 1 ? "was" : "were"} discarded ` +
			"for a cause that cannot know the outcome" : "none was discarded"}.`;
}

function sayCoverage(study) {
	const n = study.cells.filter((cell) => cell.hasEfficiency &&
		cell.status !== "CAPPED").length;

	return n ? h("p", {}, `Of ${plural(n, "such interval")}, about `,
		h("b", {}, formatNumber(Math.max(0.1, n * 0.05), 2)),
		` ${n * 0.05 === 1 ? "is" : "are"} expected not to contain the true `,
		"value. A single cell that sticks out should be measured again before ",
		"it is believed.") : null;
}

/* The ratio without the outer fifths of the blocks is another quantity; far
 * from R it tells of stalls or bursts. */
function sayStalls(study) {
	const stalled = study.paths.slice(1).map(({ name }) => [name,
		study.cells.filter((cell) => cell.path === name && cell.hasEfficiency &&
			Math.abs(cell.efficiency_trimmed / cell.efficiency - 1) > 0.02)
			.length]).filter(([, n]) => n > 0);

	return stalled.length ? h("p", {}, "Without the highest and the lowest ",
		"fifth of the blocks, the mean ratio is more than 2\u00a0% away from ",
		"the efficiency in ", joinWords(stalled.map(([name, n]) => [
			`${plural(n, "cell")} of `, h("b", {}, name)])),
		": stalls or bursts are part of those efficiencies.") : null;
}

function pathTable(study) {
	const told = study.paths.slice(1).filter((path) =>
		Number.isFinite(path.pool?.s0));

	return told.length ? h("table", { class: "small" },
		h("caption", {}, "The spread of one block’s ratio, by path"),
		h("thead", {}, h("tr", {}, ["path", "blocks", "time", "pooled SD",
			"lag-1", "widened by"].map((text) =>
			h("th", { scope: "col" }, text)))),
		h("tbody", {}, told.map(({ name, pool, usage }) => h("tr", {},
			h("th", { scope: "row" }, name),
			h("td", { class: "number" }, usage ? `${usage.blocks}` : "–"),
			h("td", { class: "number" }, usage
				? formatDuration(usage.share_ns / 1e9) : "–"),
			h("td", { class: "number" }, `${formatPercent(pool.s0)}\u00a0%`),
			h("td", { class: "number" }, formatNumber(pool.lag1, 2)),
			h("td", { class: "number" }, pool.inflation > 1
				? `${formatPercent(pool.inflation - 1)}\u00a0%` : "–")))))
		: null;
}

function listCells(study, cells) {
	const rest = cells.length - LISTED;

	return h("ul", { class: "cells" }, cells.slice(0, LISTED).map((cell) =>
		h("li", {}, h("b", {}, cell.path), ` ${formatPoint(cell, study.varying)}`,
			cell.hasEfficiency ? `: ±${formatPercent(cell.half_width)}\u00a0%` : "",
			cell.cause ? `: ${cell.cause}` : "")),
	rest > 0 ? h("li", {}, `and ${rest} more, in the table below`) : null);
}

function sayShort(study) {
	const kinds = [["NOT_REACHED", "not brought to the precision asked for before " +
		"the budget ran out; the intervals are given as they are"],
	["CAPPED", "bound by the link on both paths, where the ratio says nothing of " +
		"the overhead; left out of all averages"],
	["FAILED", "failed"]];

	return kinds.filter(([status]) => countStatus(study.cells, status))
		.map(([status, what]) => {
			const cells = study.cells.filter((c) => c.status === status);

			return h("details", { open: cells.length <= 8 }, h("summary", {},
				`${plural(cells.length, "cell")} ${what}`, " (",
				h("code", {}, status), ")"), listCells(study, cells));
		});
}

function sayWhen(study) {
	const took = study.started && study.finished
		? (study.finished - study.started) / 1000 : NaN;

	return h("p", {}, study.started
		? `Measured from ${formatDate(study.started)}` : "",
	Number.isFinite(took) ? `, in ${formatDuration(took)}` :
		study.started ? "; the study is not finished" : "",
	study.json.host ? `, on ${study.json.host}` : "",
	study.started || study.json.host ? ". " : "",
	study.json.version ? `vazao ${study.json.version}. ` : "",
	sayMissingCosts(study));
}

function sayMissingCosts(study) {
	const missing = splitCosts(study.cells)[1].map(([, label]) => label);

	return missing.length ? [joinWords(missing.map((word, i) => i ? word
		: word[0].toUpperCase() + word.slice(1))), " were not measured."] : "";
}

function nodeTable(caption, rows, nodes) {
	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": caption }, h("table", { class: "small nodes" },
		h("caption", {}, caption),
		h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "setting"),
			nodes.map((node) => h("th", { scope: "col" }, node)))),
		h("tbody", {}, rows.map(([key, values]) => h("tr", {},
			h("th", { scope: "row" }, key), nodes.map((node) =>
				h("td", {}, String(values[node] ?? "–"))))))));
}

function sayDifferences(study) {
	const list = study.json.differences ?? [];
	const nodes = [...new Set(list.flatMap(({ values }) =>
		Object.keys(values ?? {})))];

	if (!study.json.settings || !Object.keys(study.json.settings).length)
		return h("p", {}, "The nodes’ settings were not stored.");
	return list.length ? [h("p", {}, "Congestion control, offloads, TCP memory ",
		"and timestamps were set alike on all nodes where that was possible ",
		"and read back. These still differ:"),
	nodeTable("What the nodes do not have alike",
		list.map(({ key, values }) => [key, values ?? {}]), nodes)]
		: h("p", {}, "All settings that were read back are alike on all nodes.");
}

function saySettings(study) {
	const settings = study.json.settings ?? {};
	const nodes = Object.keys(settings);
	const keys = [...new Set(nodes.flatMap((node) =>
		Object.keys(settings[node])))].sort();

	return nodes.length ? h("details", {}, h("summary", {},
		`All ${plural(keys.length, "setting")} of ${plural(nodes.length,
			"node")}, as read back`),
	nodeTable("Settings as read back", keys.map((key) => [key,
		Object.fromEntries(nodes.map((node) =>
			[node, settings[node][key]]))]), nodes)) : null;
}

function sayEvents(study) {
	const events = study.json.events ?? [];
	const time = ({ at_ns: ns, at }) => ns
		? new Date(ns / 1e6).toISOString().slice(11, 19) : at ?? "";

	return events.length ? h("details", {}, h("summary", {},
		`What happened meanwhile: ${plural(events.length, "event")}`),
	h("ul", { class: "cells" }, events.map((event) => h("li", {},
		`${time(event)} `, h("b", {}, event.kind), ` ${event.text}`)))) : null;
}

function sayPlan(study) {
	return study.design.plan ? h("details", {}, h("summary", {},
		"The plan, as it was carried out"),
	h("pre", { tabindex: "0" }, study.design.plan)) : null;
}

export function drawMethods(study) {
	const blocks = !isRule2007(study);

	return [
		h("h3", {}, "Design"), sayDesign(study),
		blocks ? sayBlocks(study) : sayRule2007(study),
		h("h3", {}, "Estimate"), blocks ? sayEstimate() : null,
		blocks ? sayStopping(study) : null, sayCoverage(study),
		sayStalls(study),
		pathTable(study), sayShort(study),
		h("h3", {}, "Environment"), sayWhen(study), sayDifferences(study),
		saySettings(study), sayEvents(study), sayPlan(study),
	];
}
