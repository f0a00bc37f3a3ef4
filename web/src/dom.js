// SPDX-License-Identifier: GPL-3.0-or-later
// Elements without markup in strings: whatever a study's title, path or node
// is called, it only ever becomes a text node or an attribute's value.

function setAttribute(element, name, value) {
	if (value === null || value === undefined || value === false)
		return;
	if (name.startsWith("on"))
		element.addEventListener(name.slice(2), value);
	else if (name === "style")
		for (const [property, v] of Object.entries(value))
			element.style.setProperty(property, v);
	else
		element.setAttribute(name, value === true ? "" : value);
}

/** h("p", {class: "x"}, "text", [more, children]): an element. */
export function h(tag, attributes, ...children) {
	const element = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes ?? {}))
		setAttribute(element, name, value);
	element.append(...children.flat(Infinity).filter(
		(child) => child !== null && child !== undefined &&
			child !== false));
	return element;
}

/** One child of `parent` stays reachable by Tab; arrows move among them. */
export function makeRoving(parent, items, step) {
	if (!items.length)
		return;
	for (const item of items)
		item.setAttribute("tabindex", "-1");
	items[0].setAttribute("tabindex", "0");
	parent.addEventListener("focusin", (event) => {
		if (!items.includes(event.target))
			return;
		for (const item of items)
			item.setAttribute("tabindex",
				item === event.target ? "0" : "-1");
	});
	parent.addEventListener("keydown", (event) => {
		const at = items.indexOf(event.target);
		const to = at < 0 ? undefined : step(event.key, at, items);

		if (!items[to])
			return;
		event.preventDefault();
		items[to].focus();
	});
}

/** For makeRoving(): a list, or a grid where `columns` is given. */
export function arrowStep(columns) {
	const moves = {
		ArrowRight: 1, ArrowLeft: -1,
		ArrowDown: columns ?? 1, ArrowUp: -(columns ?? 1),
	};

	return (key, at, items) => {
		if (key === "Home")
			return 0;
		if (key === "End")
			return items.length - 1;
		return key in moves ? at + moves[key] : undefined;
	};
}

/** Plot labels its groups of marks, which is noise to a screen reader: the
 * figure has a name of its own, and its cells theirs. */
export function quiet(svg) {
	for (const group of svg.querySelectorAll("g[aria-label]")) {
		group.removeAttribute("aria-label");
		if (!group.querySelector('[role="img"]'))
			group.setAttribute("aria-hidden", "true");
	}
	return svg;
}

export function joinWords(words) {
	const all = words.map((word, i) => [
		i === 0 ? null : i < words.length - 1 ? ", " : " and ", word]).flat(2);

	return all.filter((word) => word !== null);
}

export function plural(n, one, many) {
	return `${n.toLocaleString("en")} ${n === 1 ? one : many ?? `${one}s`}`;
}
