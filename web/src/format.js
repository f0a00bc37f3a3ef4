// SPDX-License-Identifier: GPL-3.0-or-later
// How quantities read on the page. A dash where there is none.

const NONE = "–";

function known(value) {
	return typeof value === "number" && Number.isFinite(value);
}

/** 4096 -> "4K", 114688 -> "112K", 1500 -> "1500": as the plans write it. */
export function formatBytes(bytes) {
	for (const [unit, name] of [[2 ** 30, "G"], [2 ** 20, "M"], [1024, "K"]])
		if (bytes >= unit && bytes % unit === 0)
			return `${bytes / unit}${name}`;
	return `${bytes}`;
}

/** Three significant digits or more: "9.41", "94.1", "941", "9,410". */
export function formatNumber(value, digits = 3) {
	if (!known(value))
		return NONE;
	if (value === 0)
		return "0";
	const decimals = digits - 1 - Math.floor(Math.log10(Math.abs(value)));

	const shown = Math.max(0, Math.min(6, decimals));

	return value.toLocaleString("en", { minimumFractionDigits: shown,
		maximumFractionDigits: shown }).replace("-", "−");
}

/** An efficiency in percent, without the sign: 0.9712 -> "97.1". */
export function formatPercent(ratio, decimals = 1) {
	return known(ratio) ? (100 * ratio).toFixed(decimals) : NONE;
}

/** For a heat cell: "97", and "9.4" below ten. */
export function formatPercentShort(ratio) {
	return formatPercent(ratio, ratio < 0.0995 ? 1 : 0);
}

export function formatInterval(lo, hi, format) {
	return known(lo) && known(hi) ? `${format(lo)} to ${format(hi)}` : NONE;
}

export function formatDuration(seconds) {
	if (!known(seconds))
		return NONE;
	if (seconds < 100)
		return `${formatNumber(seconds, 2)}\u00a0s`;
	const minutes = Math.round(seconds / 60);

	return minutes < 100 ? `${minutes}\u00a0min`
		: `${Math.floor(minutes / 60)} h ${minutes % 60}\u00a0min`;
}

export function formatRate(bps) {
	if (!bps)
		return "unlimited";
	for (const [unit, name] of [[1e9, "Gbit/s"], [1e6, "Mbit/s"]])
		if (bps >= unit)
			return `${formatNumber(bps / unit).replace(/\.0+$/, "")} ${name}`;
	return `${bps} bit/s`;
}

/** "23 November 2026, 01:00 UTC" of a Date. */
export function formatDate(date) {
	if (!date)
		return NONE;
	return `${date.toLocaleDateString("en-GB", {
		day: "numeric", month: "long", year: "numeric", timeZone: "UTC",
	})}, ${date.toISOString().slice(11, 16)} UTC`;
}

const AXES = {
	workload: { label: "workload" },
	direction: { label: "direction" },
	mtu: { label: "MTU" },
	socket_size: {
		label: "socket size", short: "socket",
		format: (v) => v === 0 ? "auto" : formatBytes(v),
	},
	message_size: {
		label: "message size", short: "message", format: formatBytes,
	},
	offload: { label: "offload" },
	flows: { label: "flows" },
};

/** Label, short label and format of an axis; of one not known here, its name. */
export function axisOf(name) {
	const axis = AXES[name] ?? {};
	const label = axis.label ?? name.replaceAll("_", " ");

	const format = axis.format ?? String;

	return { label, short: axis.short ?? label,
		format: (value) => value === null ? "not applicable" : format(value) };
}

/** "MTU 1500, socket 16K, message 4K"; without the axes that a workload
 * does not have. */
export function formatPoint(values, names) {
	return names.filter((name) => values[name] !== null).map((name) => {
		const axis = axisOf(name);

		return `${axis.short} ${axis.format(values[name])}`;
	}).join(", ");
}
