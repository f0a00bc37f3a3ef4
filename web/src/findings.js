// SPDX-License-Identifier: GPL-3.0-or-later
// What the study found out about its paths, and what to set: the objects
// `explanation` and `advice`, specified in src/report/findings.h.
import { axisOf, formatBytes, formatInterval, formatNumber, formatPercent,
	formatPoint } from "./format.js";
import { h, joinWords, plural } from "./dom.js";

const SHOWN = 12; /* pieces of evidence that are listed one by one */

function cellAt(study, path, point) {
	const index = study.paths.findIndex((p) => p.name === path);

	return study.cells[index * study.points + point];
}

function change(ratio) {
	return Number.isFinite(ratio)
		? `${ratio >= 1 ? "+" : "−"}${formatPercent(Math.abs(ratio - 1))}\u00a0%`
		: "–";
}

function changeInterval({ lo, hi }) {
	return formatInterval(lo, hi, change);
}

function sayCell(study, path, point) {
	const cell = cellAt(study, path, point);
	const where = cell ? formatPoint(cell, study.varying) : `point ${point}`;

	return cell ? h("a", { href: `#cell=${encodeURIComponent(cell.id)}` },
		`${path}, ${where}`) : `${path}, ${where}`;
}

function drawEvidence(study, evidence) {
	const rows = evidence.slice(0, SHOWN).map((e) => h("tr", {},
		h("td", {}, sayCell(study, e.path, e.point)),
		h("td", {}, sayCell(study, e.versus_path, e.versus_point)),
		h("td", { class: "number" }, change(e.ratio)),
		h("td", {}, changeInterval(e)), h("td", {}, e.verdict)));

	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": "Evidence" }, h("table", { class: "small" },
	h("thead", {}, h("tr", {}, ["cell", "against", "change",
		"95\u00a0% interval", "verdict"].map((name) =>
		h("th", { scope: "col" }, name)))), h("tbody", {}, rows)),
	evidence.length > SHOWN ? h("p", { class: "note" },
		`and ${evidence.length - SHOWN} more (in the JSON).`) : null);
}

function verdictClass(verdict) {
	return `verdict ${verdict.replaceAll(" ", "-")}`;
}

function drawStatement(study, s) {
	const counted = s.trials ? `${s.in_favor} of ${s.trials} in favor, ${
		s.against} against` : s.reason;

	return h("li", {}, h("span", { class: verdictClass(s.verdict) }, s.verdict),
		" ", s.text, s.path ? h("span", { class: "interval" },
			` ${s.path}; ${counted}`) : h("span", { class: "interval" },
			` ${counted ?? ""}`),
		s.evidence?.length ? h("details", {},
			h("summary", {}, plural(s.evidence.length, "comparison")),
			drawEvidence(study, s.evidence)) : null);
}

function drawStatements(study, list) {
	return list?.length ? [h("h3", {}, "The 2007 study’s statements, tested here"),
		h("ul", { class: "statements" }, list.map((s) =>
			drawStatement(study, s)))] : null;
}

function drawPlaces(account) {
	const n = (v) => formatNumber(v);

	return h("table", { class: "small" },
		h("caption", {}, `${account.path}: CPU time by place, µs/KB, over ${
			plural(account.cells, "cell")}`),
		h("thead", {}, h("tr", {}, ["place", "this path", "reference", "more",
			"95\u00a0% interval"].map((name) =>
			h("th", { scope: "col" }, name)))),
		h("tbody", {}, account.places.map((p) => h("tr", {},
			h("th", { scope: "row", title: p.what }, p.place),
			h("td", { class: "number" }, n(p.us_per_kb)),
			h("td", { class: "number" }, n(p.reference_us_per_kb)),
			h("td", { class: "number" }, n(p.extra)),
			h("td", {}, formatInterval(p.extra_lo, p.extra_hi, n))))));
}

function drawAccounts(list) {
	return list?.length ? [h("h3", {}, "Where the CPU time goes"),
		list.map((account) => drawPlaces(account))] : null;
}

function drawAssociations(list) {
	if (!list?.length)
		return null;
	return [h("h3", {}, "What goes with the loss"),
		h("p", { class: "note" }, "Rank correlation with the efficiency over ",
			"the cells of a path: association, not cause."),
		h("table", { class: "small" }, h("thead", {}, h("tr", {}, ["path",
			"counter", "ρ", "95\u00a0% interval", "p, adjusted"].map((name) =>
			h("th", { scope: "col" }, name)))),
		h("tbody", {}, list.slice(0, 20).map((a) => h("tr", {},
			h("td", {}, a.path), h("td", {}, `${a.counter}${a.unit
				? `, ${a.unit}` : ""}`),
			h("td", { class: "number" }, formatNumber(a.rho, 2)),
			h("td", {}, formatInterval(a.lo, a.hi, (v) =>
				formatNumber(v, 2))),
			h("td", { class: "number" }, formatNumber(a.p, 2))))))];
}

function drawMechanisms(list) {
	return list?.length ? [h("h3", {}, "What turning one thing did"),
		h("ul", {}, list.map((one) => h("li", {}, h("span", {
			class: verdictClass(one.verdict) }, one.verdict),
		` ${one.path}: ${one.option} from ${one.from} to ${one.to}, ${
			change(one.mean)} on average against ${one.base}`)))] : null;
}

// How throughput grows with the cables: an exponent, 1 is in proportion.
function drawScaling(list) {
	const e = (v) => formatNumber(v, 3);
	const fitted = (list ?? []).filter((one) => one.valid);

	return fitted.length ? [h("h3", {}, "Does throughput grow with the cables?"),
		h("table", { class: "small" }, h("thead", {}, h("tr", {}, ["path",
			"at", "exponent (1: in proportion)", "95\u00a0% interval",
			"of one cable, each keeps"].map((name) =>
			h("th", { scope: "col" }, name)))),
		h("tbody", {}, fitted.map((one) => h("tr", {}, h("td", {}, one.path),
			h("td", {}, one.point),
			h("td", { class: "number" }, e(one.exponent)),
			h("td", {}, formatInterval(one.lo, one.hi, e)),
			h("td", {}, one.sizes.slice(1).map((s) => `${s.cables}: ${
				formatPercent(s.efficiency)}\u00a0%`).join(", "))))))] : null;
}

export function hasExplanation(study) {
	const { explanation: e } = study.json;

	return Boolean(e && [e.statements, e.account, e.associations, e.mechanisms,
		e.scaling].some((list) => list?.length));
}

export function drawExplanation(study) {
	const e = study.json.explanation ?? {};

	if (!hasExplanation(study))
		return [h("p", { class: "empty" }, "Too little was measured yet.")];
	return [drawScaling(e.scaling), drawAccounts(e.account),
		drawMechanisms(e.mechanisms),
		drawAssociations(e.associations), drawStatements(study, e.statements),
		e.missing?.length ? h("p", { class: "note" }, e.missing.join(" "))
			: null].flat(Infinity).filter(Boolean);
}

export function hasAdvice(study) {
	return Boolean(study.json.advice?.groups?.some((group) => group.choice));
}

function sayWhere(study, group) {
	const names = study.axes.filter((name) => name !== "socket_size" &&
		name !== "message_size" && study.varying.includes(name));

	return names.length ? `, ${formatPoint(group, names)}` : "";
}

function sayRatio(label, ratio) {
	return ratio ? h("li", {}, `${label}: ${change(ratio.ratio)} (${
		changeInterval(ratio)})`) : null;
}

function drawFront(study, group) {
	if (group.front.length < 2)
		return null;
	return h("details", {}, h("summary", {}, "Throughput against CPU time"),
		h("ul", {}, group.front.map((at) => {
			const cell = cellAt(study, group.path, at.point);

			return h("li", {}, `${formatNumber(at.throughput_mbps)} Mbit/s` +
				(Number.isFinite(at.cpu_us_per_kb)
					? ` at ${formatNumber(at.cpu_us_per_kb)} µs/KB` : "") +
				(cell ? `: ${formatPoint(cell,
					["socket_size", "message_size"])}` : ""));
		})));
}

/* Paths and points that come to the same settings, and so to the same
 * commands, have one entry: their numbers are rows of its table. */
function foldGroups(groups) {
	const folded = new Map();

	for (const group of groups) {
		const { choice, commands } = group;
		const key = JSON.stringify([choice.socket_size,
			choice.message_size, commands]);

		folded.set(key, [...folded.get(key) ?? [], group]);
	}
	return [...folded.values()];
}

function saySettings({ choice }) {
	return h("b", {}, `Socket ${axisOf("socket_size").format(
		choice.socket_size)}, message ${formatBytes(choice.message_size)}`);
}

function sayShare(group) {
	const { choice } = group;

	return `${formatPercent(choice.share)}\u00a0% of the best (${formatInterval(
		choice.lo, choice.hi, formatPercent)}); ${group.not_worse} of ${
		plural(group.cells, "cell")} are as good.`;
}

function drawCommands({ commands }) {
	return commands?.length
		? h("pre", { tabindex: "0" }, commands.join("\n")) : null;
}

function drawGroup(study, group) {
	return h("div", { class: "advice" }, h("h3", {}, group.path,
		sayWhere(study, group)),
	h("p", {}, saySettings(group), `: ${formatNumber(
		group.choice.throughput_mbps)} Mbit/s, `, sayShare(group)),
	h("ul", {}, [sayRatio("Leaving the kernel’s own sizing instead",
		group.default), sayRatio("Against MTU 1500", group.mtu_gain)]
		.filter(Boolean)),
	drawCommands(group), drawFront(study, group));
}

const SHARES = [["default", "kernel’s own sizing"], ["mtu_gain",
	"against MTU\u00a01500"]];

/* One setting was measured: no best to be near. */
function foldedColumns(groups) {
	return [
		["Mbit/s", (g) => formatNumber(g.choice.throughput_mbps)],
		...groups.some((g) => g.cells > 1) ? [["of the best, %", (g) =>
			`${formatPercent(g.choice.share)} (${formatInterval(g.choice.lo,
				g.choice.hi, formatPercent)})`]] : [],
		...SHARES.filter(([key]) => groups.some((g) => g[key]))
			.map(([key, label]) => [label, (g) =>
				g[key] ? change(g[key].ratio) : ""]),
	];
}

function drawFolded(study, groups) {
	const names = [...new Set(groups.map((group) => group.path))];
	const columns = foldedColumns(groups);
	const one = groups.every((group) => group.cells === 1);

	return h("div", { class: "advice" }, h("h3", {}, joinWords(names)),
		h("p", {}, saySettings(groups[0]), one ? ": the one setting measured."
			: ", with the same commands for all:"),
		drawCommands(groups[0]),
		h("div", { class: "scroll", tabindex: "0" },
			h("table", { class: "small" }, h("thead", {}, h("tr", {},
				h("th", { scope: "col" }, "path"), columns.map(([name]) =>
					h("th", { scope: "col" }, name)))),
			h("tbody", {}, groups.map((group) => h("tr", {},
				h("td", {}, group.path, sayWhere(study, group)),
				columns.map(([, say]) =>
					h("td", { class: "number" }, say(group)))))))));
}

export function drawAdvice(study) {
	const { advice } = study.json;

	if (!hasAdvice(study))
		return [h("p", { class: "empty" }, "Too little was measured yet.")];
	return [h("p", { class: "note" }, "For each path the smallest sizes that ",
		`are statistically no worse than ${formatPercent(advice.target, 0)}`,
		"\u00a0% of the best."),
	...foldGroups(advice.groups.filter((group) => group.choice))
		.map((groups) => groups.length > 1 ? drawFolded(study, groups)
			: drawGroup(study, groups[0]))];
}
