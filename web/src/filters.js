// SPDX-License-Identifier: GPL-3.0-or-later
// The bar that stays on top: where the page goes, and which cells it shows.
import { axisOf } from "./format.js";
import { clearState, getFilter, setState } from "./state.js";
import { h } from "./dom.js";

function filterAxes(study) {
	const statuses = [...new Set(study.cells.map((cell) => cell.status))];
	const axes = study.varying.map((name) => ({ name, ...axisOf(name),
		values: study.values[name] }));

	return [
		{ name: "path", label: "path", format: String,
			values: study.paths.map((path) => path.name) },
		...axes,
		{ name: "status", label: "status", values: statuses,
			format: (status) => status.toLowerCase().replace("_", " ") },
	].filter((axis) => axis.values.length > 1);
}

function isOn(name, value) {
	return getFilter(name)?.has(String(value)) ?? true;
}

/* All boxes checked is no filter, and so is none. */
function readBoxes(fieldset, axis) {
	const boxes = [...fieldset.querySelectorAll("input")];
	const on = boxes.filter((box) => box.checked).map((box) => box.value);

	setState(axis.name, on.length === boxes.length || !on.length ? null : on);
}

function drawAxis(axis) {
	const fieldset = h("fieldset", {}, h("legend", {}, axis.label),
		axis.values.map((value) => h("label", {}, h("input", {
			type: "checkbox", name: axis.name, value: String(value),
			checked: isOn(axis.name, value),
			onchange: () => readBoxes(fieldset, axis) }),
		axis.format(value))),
		axis.values.length > 2 ? h("span", { class: "only" },
			"alt-click: only this") : null);

	fieldset.addEventListener("click", (event) => {
		if (!event.altKey || !event.target.closest("label"))
			return;
		event.preventDefault();
		setState(axis.name, event.target.closest("label")
			.querySelector("input").value);
	});
	return fieldset;
}

function updateBoxes(form) {
	for (const box of form.querySelectorAll("input"))
		box.checked = isOn(box.name, box.value);
}

/** The bar; update(cells) brings it up to date with the state. */
export function makeBar(study, sections) {
	const axes = filterAxes(study);
	const names = axes.map((axis) => axis.name);
	const form = h("form", { "aria-label": "Filter",
		onsubmit: (event) => event.preventDefault() },
		axes.map(drawAxis),
		h("button", { type: "button", class: "reset",
			onclick: () => clearState(names) }, "Show all cells"));
	const summary = h("summary", {});
	const nav = h("nav", { "aria-label": "Sections" }, sections.map((section) =>
		h("a", { href: `#at=${section.id}`, "data-at": section.id },
			section.short)));

	document.getElementById("bar").replaceChildren(nav,
		h("details", { class: "filter" }, summary, form));
	return function update(cells) {
		const all = cells.length === study.cells.length;

		updateBoxes(form);
		summary.replaceChildren(all ? `Filter ${cells.length} cells`
			: `Filter: ${cells.length} of ${study.cells.length} cells`);
		summary.classList.toggle("active", !all);
	};
}
