// SPDX-License-Identifier: GPL-3.0-or-later
// What the reader chose: filters, sorting, a pinned cell. It lives in the
// URL's fragment (#mtu=1500&sort=-efficiency), so that a view can be linked.

const listeners = [];
let fragment = new URLSearchParams();

export function onState(listener) {
	listeners.push(listener);
}

export function getState(key) {
	return fragment.get(key);
}

/** Values of an axis that are shown, as text; null: all. */
export function getFilter(name) {
	return fragment.has(name) ? new Set(fragment.getAll(name)) : null;
}

function announce(changed) {
	for (const listener of listeners)
		listener(changed);
}

function write() {
	const text = fragment.toString();

	history.replaceState(null, "", text ? `#${text}` :
		location.pathname + location.search);
}

/** values: an array of text, one text, or null to forget the key. */
export function setState(key, values) {
	fragment.delete(key);
	for (const value of [values].flat())
		if (value !== null && value !== undefined)
			fragment.append(key, value);
	write();
	announce([key]);
}

export function clearState(keys) {
	keys.forEach((key) => fragment.delete(key));
	write();
	announce(keys);
}

export function readFragment() {
	fragment = new URLSearchParams(location.hash.slice(1));
}

export function watchFragment(keys) {
	addEventListener("hashchange", () => {
		readFragment();
		announce(keys);
	});
}

export function filterCells(study) {
	const wanted = ["path", ...study.axes, "status"]
		.map((name) => [name, getFilter(name)])
		.filter(([, values]) => values);

	return study.cells.filter((cell) => wanted.every(
		([name, values]) => values.has(String(cell[name]))));
}
