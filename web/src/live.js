// SPDX-License-Identifier: GPL-3.0-or-later
// The page while its study runs (vazao study --live): hears from the server
// that sent it, keeps the study up to date, and says how far it is. The events
// are specified in src/cmd/live_serve.h.
import { formatDuration, formatPercent } from "./format.js";
import { h, plural } from "./dom.js";
import { readStudy } from "./model.js";

const LEAST_PAUSE = 3000; /* ms between two drawings */
const REST = 30; /* drawing takes at most 1/30 of the time */

let progress = null;
let note = "";
let ended = false;

function place() {
	return document.getElementById("live");
}

function sayPhase({ phase, reached, failed, cells, blocks, round }) {
	if (phase !== "measuring")
		return { building: "building the lab", settling: "starting agents",
			closing: "closing" }[phase] ?? phase;
	return [`round ${round}`, plural(blocks, "block"),
		`${reached} of ${plural(cells, "cell")} reached`,
		failed ? `${failed} failed` : null].filter(Boolean).join(" · ");
}

function sayTimes({ eta_ns: eta, elapsed_ns: elapsed, budget_ns: budget }) {
	const left = budget > 0
		? `budget ${formatDuration(Math.max(0, budget - elapsed) / 1e9)} left`
		: null;

	return [eta >= 0 ? `${formatDuration(eta / 1e9)} to go` : null, left]
		.filter(Boolean).join(" · ");
}

function sayPaths({ paths }) {
	return paths.slice(1).filter((path) => path.worst_half_width > 0)
		.map((path) => `${path.name} ±${formatPercent(
			path.worst_half_width)}\u00a0%`).join(", ");
}

function show() {
	const done = progress ? progress.reached + progress.failed : 0;
	const share = progress?.cells ? done / progress.cells : 0;
	const widest = progress ? sayPaths(progress) : "";

	place().hidden = false;
	place().replaceChildren(...[
		h("b", {}, ended ? "The study has ended. " : "Live. "),
		progress && !ended ? h("span", { class: "track", role: "progressbar",
			"aria-label": "cells done", "aria-valuemin": "0",
			"aria-valuemax": "100",
			"aria-valuenow": String(Math.round(100 * share)) },
		h("span", { class: "fill", style: {
			"--done": `${(100 * share).toFixed(2)}%` } })) : null,
		progress ? h("span", { class: "words" }, [sayPhase(progress),
			ended ? null : sayTimes(progress),
			widest ? `widest: ${widest}` : null]
			.filter(Boolean).join(" · ")) : null,
		progress?.now && !ended
			? h("span", { class: "now" }, progress.now) : null,
		note ? h("span", { class: "now" }, note) : null,
	].filter(Boolean));
}

/* Blocks that the page was made with, or that came twice, are known. */
function addBlocks(study, blocks) {
	for (const [id, point, rates] of blocks) {
		if (id <= study.json.live.after)
			continue;
		study.json.live.after = id;
		if (id % study.historyStep === 0)
			(study.history[point] ??= []).push(rates);
	}
}

function mergeStudy(study, json) {
	Object.assign(study, readStudy({ ...study.json, ...json }));
}

/* Not more often than drawing is cheap, and only while it is seen. */
function makeScheduler(draw) {
	let due = 0, wanted = false;

	const run = () => {
		const now = performance.now();

		if (!wanted || document.hidden || now < due)
			return;
		wanted = false;
		draw();
		due = performance.now() + Math.max(LEAST_PAUSE,
			REST * (performance.now() - now));
	};
	setInterval(run, 250);
	document.addEventListener("visibilitychange", run);
	return () => { wanted = true; };
}

/** draw(): after the study has changed. Does nothing in a stored page. */
export function goLive(study, draw) {
	if (!study.json.live)
		return;
	const source = new EventSource(`events?after=${study.json.live.after}`);
	const redraw = makeScheduler(draw);
	const on = (name, take) => source.addEventListener(name, (event) => {
		take(JSON.parse(event.data));
		show();
	});

	on("progress", (data) => { progress = data; });
	on("note", (data) => { note = data; });
	on("blocks", (data) => addBlocks(study, data));
	on("study", (data) => {
		mergeStudy(study, data);
		redraw();
	});
	on("end", () => {
		ended = true;
		source.close();
		redraw();
	});
	source.onerror = () => {
		if (ended)
			return;
		note = "The connection to the study is lost.";
		show();
	};
	show();
}
