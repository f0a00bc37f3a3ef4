// SPDX-License-Identifier: GPL-3.0-or-later
// Where the CPUs were in each path's turns: the functions that took most,
// beside the reference's share, and the stacks as flame graphs. The drawings
// are made by `vazao report` (src/report/flame.c).
import { formatPercent } from "./format.js";
import { h } from "./dom.js";

const SHOWN = 15;

export function hasProfile(study) {
	return study.json.profile?.length > 0;
}

function share(value) {
	return `${formatPercent(value)}\u00a0%`;
}

function drawTop(study, { path, top }) {
	const other = path === study.reference ? null : study.reference;

	return h("div", { class: "scroll", tabindex: "0", role: "region",
		"aria-label": `Functions of ${path}` }, h("table", { class: "small" },
	h("caption", {}, `${path}: the functions that took most`),
	h("thead", {}, h("tr", {}, ["function", path, other].filter(Boolean)
		.map((name) => h("th", { scope: "col" }, name)))),
	h("tbody", {}, top.slice(0, SHOWN).map(([name, own, theirs]) => h("tr", {},
		h("th", { scope: "row" }, name),
		h("td", { class: "number" }, share(own)),
		other ? h("td", { class: "number" }, share(theirs)) : null)))));
}

/* A drawing as it came: an SVG of our own making. */
function drawFlame(title, svg) {
	const drawing = new DOMParser().parseFromString(svg, "image/svg+xml")
		.documentElement;

	drawing.setAttribute("role", "img");
	drawing.setAttribute("aria-label", title);
	return h("details", {}, h("summary", {}, title), h("div", {
		class: "scroll flame", tabindex: "0", role: "region",
		"aria-label": title }, document.importNode(drawing, true)));
}

export function drawProfile(study) {
	return [h("p", { class: "note" }, "All CPUs were sampled in each path’s ",
		"turns, in blocks that no figure above holds. A function’s share is of ",
		"the samples in which it was the innermost; “elsewhere” is other work ",
		"of the machine."),
	...study.json.profile.flatMap((one) => [drawTop(study, one),
		one.flame ? drawFlame(`${one.path}: flame graph`, one.flame) : null,
		one.against ? drawFlame(`${one.path} against ${study.reference}`,
			one.against) : null])];
}
