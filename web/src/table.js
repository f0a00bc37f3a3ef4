// SPDX-License-Identifier: GPL-3.0-or-later
// Every cell as a row under the columns of `vazao report --format csv`.
// Columns that say the same of every cell are told once, above.
import { getState, setState } from "./state.js";
import { pointAt } from "./detail.js";
import { makeRoving, h, plural } from "./dom.js";

const SORT = "sort", COLUMNS = "columns";
const DECIMALS = [[/^throughput/, 1], [/^(efficiency|half_width|trimmed)/, 4],
	[/_per_/, 2]];

function isEmpty(value) {
	return value === null || value === undefined || value === "";
}

function toText(value) {
	return isEmpty(value) ? "" : String(value);
}

/* Enough digits to judge by, aligned; the copy has all of them. */
function toShort(value, name) {
	if (typeof value !== "number" || !DECIMALS.some(([p]) => p.test(name)))
		return toText(value);
	return value.toFixed(DECIMALS.find(([p]) => p.test(name))[1]);
}

function splitColumns(study) {
	const constant = study.columns.filter((name) => name !== "path" &&
		study.cells.every((cell) => toText(cell[name]) ===
			toText(study.cells[0][name])));

	return [study.columns.filter((name) => !constant.includes(name)), constant];
}

function compare(a, b) {
	if (isEmpty(a) || isEmpty(b))
		return isEmpty(a) - isEmpty(b);
	return typeof a === "number" && typeof b === "number"
		? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
}

/* "-efficiency" sorts by efficiency, falling. */
function readSort() {
	const text = getState(SORT) ?? "";

	return { name: text.replace(/^-/, ""), falling: text.startsWith("-") };
}

function sortCells(study, cells) {
	const { name, falling } = readSort();

	if (!study.columns.includes(name))
		return cells;
	return [...cells].sort((a, b) => isEmpty(a[name]) || isEmpty(b[name])
		? compare(a[name], b[name])
		: (falling ? -1 : 1) * compare(a[name], b[name]));
}

function quoteCsv(value) {
	const text = toText(value);

	return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv(study, cells) {
	const lines = [study.columns, ...cells.map((cell) =>
		study.columns.map((name) => cell.raw[name]))];

	return lines.map((line) => line.map(quoteCsv).join(",")).join("\n") + "\n";
}

/* file: pages may be without navigator.clipboard. */
async function copyText(text) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		const area = h("textarea", { class: "offscreen" });

		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand("copy");
		area.remove();
	}
}

function drawHead(columns) {
	const { name: sorted, falling } = readSort();

	return h("thead", {}, h("tr", {}, columns.map((name) => {
		const mine = name === sorted;

		return h("th", { scope: "col", "aria-sort": mine
			? falling ? "descending" : "ascending" : null },
		h("button", { type: "button", "data-sort": name, onclick: () =>
			setState(SORT, mine && !falling ? `-${name}`
				: mine ? null : name) },
		name.replaceAll("_", "\u200b_"),
		mine ? h("span", { "aria-hidden": "true" },
			falling ? " ↓" : " ↑") : null),
		/* Chromium repeats no head that has a button on every page. */
		h("span", { class: "onpaper", "aria-hidden": "true" },
			name.replaceAll("_", "\u200b_")));
	})));
}

function drawRow(cell, columns) {
	const tr = h("tr", { "data-cell": cell.id,
		class: cell.status.toLowerCase() }, columns.map((name, i) =>
		h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null,
			class: typeof cell[name] === "number" ? "number" : name },
		toShort(cell[name], name))));

	pointAt.hover(tr, () => cell);
	pointAt.focus(tr, cell);
	return tr;
}

function step(key, at, items) {
	return { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0,
		End: items.length - 1, PageDown: Math.min(at + 15, items.length - 1),
		PageUp: Math.max(at - 15, 0) }[key];
}

function sayConstant(study, constant) {
	const told = constant.filter((name) =>
		!isEmpty(study.cells[0]?.[name]));
	const empty = constant.filter((name) => isEmpty(study.cells[0]?.[name]));

	return h("p", { class: "constant" },
		told.length ? ["The same in every row: ", told.map((name, i) => [
			i ? ", " : "", h("code", {},
				`${name} ${toShort(study.cells[0][name], name)}`)]), ". "] : null,
		empty.length ? ["Empty: ", empty.map((name, i) => [i ? ", " : "",
			h("code", {}, name)]), "."] : null);
}

function drawTools(study, sorted, constant) {
	const said = h("span", { role: "status" });
	const copy = h("button", { type: "button", id: "copy-csv",
		onclick: async () => {
			await copyText(toCsv(study, sorted));
			said.textContent = ` Copied ${plural(sorted.length, "row")}.`;
		} }, `Copy ${plural(sorted.length, "row")} as CSV`);
	const box = constant.length ? h("label", {}, h("input", {
		type: "checkbox", checked: getState(COLUMNS) === "all",
		onchange: (event) => setState(COLUMNS,
			event.target.checked ? "all" : null) }), "all columns") : null;

	return h("p", { class: "tools" }, copy, box, said);
}

export function drawRows(study, cells) {
	const [varying, constant] = splitColumns(study);
	const columns = getState(COLUMNS) === "all" ? study.columns : varying;
	const sorted = sortCells(study, cells);
	const rows = sorted.map((cell) => drawRow(cell, columns));
	const table = h("table", { class: "raw" },
		h("caption", { class: "offscreen" }, "All cells in the selection"),
		drawHead(columns), h("tbody", {}, rows));

	makeRoving(table, rows, step);
	return [drawTools(study, sorted, constant), sayConstant(study, constant),
		h("div", { class: "scroll", tabindex: "0", role: "region",
			"aria-label": "Table of all cells" }, table)];
}
