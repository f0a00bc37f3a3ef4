// SPDX-License-Identifier: GPL-3.0-or-later
// Colors as CSS variables, so that light, dark and paper each have their own
// and no figure is drawn twice. Paths: Okabe and Ito's palette (2008), the
// reference in ink. Sizes: viridis with its lightness held in the range that
// stands off the page by 3:1.
import { interpolateViridis, lab } from "d3";

const OKABE_ITO = {
	light: ["#0072b2", "#d55e00", "#007a59", "#b5548a", "#9a6a00", "#2a7fb5"],
	dark: ["#56b4e9", "#f08a3c", "#2cc197", "#e295c0", "#e6b422", "#9fd3f2"],
};
const LIGHTNESS = { light: [16, 60], dark: [50, 90] };

function sizeColor(mode, t) {
	const [from, to] = LIGHTNESS[mode];
	const color = lab(interpolateViridis(t));

	color.l = from + t * (to - from);
	return color.formatHex();
}

function variables(mode, sizes) {
	const paths = OKABE_ITO[mode].map((color, i) => `--path-${i}:${color}`);
	const steps = Array.from({ length: sizes }, (_, i) =>
		`--size-${i}:${sizeColor(mode, sizes > 1 ? i / (sizes - 1) : 0.5)}`);

	return [...paths, ...steps].join(";");
}

export function installColors(sizes) {
	const style = document.createElement("style");

	style.textContent = `:root{${variables("light", sizes)}}
@media screen and (prefers-color-scheme: dark){:root{${
	variables("dark", sizes)}}}`;
	document.head.append(style);
}

export function pathColor(index) {
	return index === 0 ? "var(--ink)"
		: `var(--path-${(index - 1) % OKABE_ITO.light.length})`;
}

export function sizeColorOf(index) {
	return `var(--size-${index})`;
}
