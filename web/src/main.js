// SPDX-License-Identifier: GPL-3.0-or-later
// The page: reads the study that stands in it, lays out the sections in the
// order of a paper, and redraws what a filter changes.
import { EFFICIENCY, drawCurves, rateOf } from "./curves.js";
import { filterCells, getState, onState, readFragment, setState, watchFragment }
	from "./state.js";
import { formatDate, formatDuration, formatPercent } from "./format.js";
import { installDetail, showPinned, updateDetail } from "./detail.js";
import { drawAnswer } from "./answer.js";
import { drawAdvice, drawExplanation, hasAdvice, hasExplanation } from
	"./findings.js";
import { drawChanges, hasChanges } from "./changes.js";
import { drawCost } from "./cost.js";
import { drawExtremes } from "./extremes.js";
import { drawHeat, drawSigns } from "./heat.js";
import { drawMethods } from "./methods.js";
import { drawLoss, hasLoss } from "./loss.js";
import { drawProfile, hasProfile } from "./profile.js";
import { drawRows } from "./table.js";
import { drawScale, hasScale } from "./scale.js";
import { goLive } from "./live.js";
import { h, plural } from "./dom.js";
import { installColors } from "./color.js";
import { makeBar } from "./filters.js";
import { readStudy } from "./model.js";

const NARROW = matchMedia("(max-width: 700px)");

function pictureWidth() {
	return NARROW.matches ? Math.max(320, innerWidth - 32) : 720;
}

/* Linear or logarithmic throughput; part of the link. */
function scaleSwitch() {
	const log = getState("scale") === "log";

	return h("p", { class: "tools noprint" }, h("label", {}, h("input", {
		type: "checkbox", checked: log, id: "log-scale",
		onchange: (event) => setState("scale",
			event.target.checked ? "log" : null) }), "logarithmic scale"));
}

const HOLLOW = "Hollow circles were not brought to the precision asked for; " +
	"squares are capped by the link; crosses on the axis have no measurement. " +
	"An interval that leaves its panel is wider than the scale.";

function curvesNote(cells, text) {
	const marked = cells.some((cell) => ["NOT_REACHED", "CAPPED", "FAILED"]
		.includes(cell.status));

	return h("p", { class: "note" }, text, marked ? ` ${HOLLOW}` : "");
}

function drawThroughput(study, cells) {
	return [scaleSwitch(), curvesNote(cells, (study.exchange
		? "Transactions per second over the request size" : "Payload at the " +
		"receiver over the message size") + ", a line for each socket size, with 95\u00a0% confidence " +
		"intervals. The paths of one MTU share their scale. Laid out as figures " +
		"2, 3a, 4a, 6a and 7a of the 2007 study are."),
	drawCurves(study, cells, { measure: rateOf(study),
		log: getState("scale") === "log" })];
}

function drawEfficiency(study, cells) {
	const others = cells.filter((cell) => cell.pathIndex > 0);

	return [curvesNote(others, `The path’s ${study.noun} as a share of ${
		study.reference}’s in ` +
		"the same cell, from interleaved blocks; as figures 3b, 4b, 6b and 7b."),
	drawCurves(study, others, { measure: EFFICIENCY })];
}

const ALL_SECTIONS = [
	{ id: "answer", title: "", short: "Answer", draw: (study, cells) =>
		drawAnswer(study, cells, pictureWidth()), needs: ["width"] },
	{ id: "changes", short: "Changes", title: "What changed",
		draw: drawChanges, when: hasChanges },
	{ id: "scale-out", short: "Guests", title: "Guests at the same time",
		draw: drawScale, when: hasScale },
	{ id: "no-loss", short: "No loss", title: "The highest rates without loss",
		draw: (study, cells) => drawLoss(study, cells, pictureWidth()),
		needs: ["width"], when: hasLoss },
	{ id: "throughput", short: "Throughput", title: "Throughput",
		exchange: "Transactions per second",
		draw: drawThroughput, needs: ["scale"] },
	{ id: "efficiency", short: "Efficiency", title: "Efficiency",
		draw: drawEfficiency },
	{ id: "heat", short: "Tables", title: "Efficiency, cell by cell",
		draw: drawHeat },
	{ id: "extremes", short: "Extremes", title: "The smallest and the largest " +
		"message", draw: (study, cells) => [curvesNote(cells, "The paths side " +
		"by side over the socket size (as figure 5)."),
	drawExtremes(study, cells)] },
	{ id: "cost", short: "Cost", title: "Cost", draw: drawCost },
	{ id: "explanation", short: "Why", title: "Why", draw: drawExplanation,
		needs: [], whole: true, when: hasExplanation },
	{ id: "advice", short: "Advice", title: "What to set", draw: drawAdvice,
		needs: [], whole: true, when: hasAdvice },
	{ id: "profile", short: "Profile", title: "Where the CPUs were",
		draw: drawProfile, needs: [], whole: true, when: hasProfile },
	{ id: "methods", short: "Methods", title: "Methods", draw: drawMethods,
		needs: [], whole: true },
	{ id: "data", short: "Data", title: "Every cell", draw: (study, cells) =>
		[drawSigns([]), drawRows(study, cells)], needs: ["sort", "columns"] },
];

/* Those that this study has something to say in. */
let SECTIONS = ALL_SECTIONS;

function layOut() {
	const sections = SECTIONS.map((section) => h("section", { id: section.id,
		tabindex: "-1",
		"aria-labelledby": section.title ? `${section.id}-title` : null,
		"aria-label": section.title ? null : "The answer" },
	section.title ? h("h2", { id: `${section.id}-title` }, section.title) : null,
	h("div", { class: "body" })));

	document.getElementById("page").replaceChildren(...sections);
}

/* Keeps the focus where it was: sorting replaces the very button pressed. */
function redraw(study, section, cells) {
	const body = document.querySelector(`#${section.id} > .body`);
	const focused = body.contains(document.activeElement)
		? document.activeElement : null;
	const same = focused && ["id", "data-sort", "data-cell"].map((name) =>
		[name, focused.getAttribute(name)]).find(([, value]) => value);

	body.replaceChildren(...[section.draw(study, cells)].flat(Infinity)
		.filter(Boolean));
	if (same)
		body.querySelector(`[${same[0]}="${CSS.escape(same[1])}"]`)?.focus();
}

function fillColophon(study) {
	const took = study.started && study.finished
		? (study.finished - study.started) / 1000 : NaN;
	const words = [study.started ? formatDate(study.started) : null,
		Number.isFinite(took) ? formatDuration(took) : null,
		plural(study.paths.length, "path"), plural(study.points, "point"),
		plural(study.cells.length, "cell"),
		`asked for ±${formatPercent(study.precision)}\u00a0%`,
		study.json.version ? `vazao ${study.json.version}` : null];

	document.getElementById("colophon").textContent =
		words.filter(Boolean).join(" · ");
}

function goTo(id) {
	const section = document.getElementById(id);

	section?.scrollIntoView();
	section?.focus({ preventScroll: true });
}

function installLinks() {
	document.addEventListener("click", (event) => {
		const id = event.target.closest?.("[data-at]")?.dataset.at;

		if (!id)
			return;
		event.preventDefault();
		setState("at", id);
	});
}

/* Sections that a change of these keys of the state concerns. */
function concerned(study, changed) {
	const axes = ["path", "status", ...study.axes];
	const all = changed.some((key) => axes.includes(key));

	return SECTIONS.filter((section) => (all && !section.whole) ||
		section.needs?.some((key) => changed.includes(key)));
}

/* The first section is on screen before the others are drawn, one a frame;
 * a section is drawn once however often it is asked for. */
function makeQueue(study, done) {
	const waiting = new Set();
	let running = false;

	const step = () => {
		const [section] = waiting;

		waiting.delete(section);
		if (section)
			redraw(study, section, filterCells(study));
		document.documentElement.dataset.first ??=
			Math.round(performance.now()).toString();
		if (waiting.size)
			requestAnimationFrame(() => setTimeout(step));
		else {
			running = false;
			done();
		}
	};
	const flush = () => {
		for (const section of waiting)
			redraw(study, section, filterCells(study));
		waiting.clear();
	};

	return { flush, forget: (section) => waiting.delete(section),
		add(sections) {
			sections.forEach((section) => waiting.add(section));
			if (!running && waiting.size) {
				running = true;
				step();
			}
		} };
}

function tellDrawn() {
	document.documentElement.dataset.drawn ??=
		Math.round(performance.now()).toString();
}

/* Sections that nobody sees wait until somebody does. */
function makeLazy(queue) {
	const stale = new Set();
	const seen = new IntersectionObserver((entries) => {
		const now = entries.filter((entry) => entry.isIntersecting)
			.map((entry) => SECTIONS.find((s) => s.id === entry.target.id))
			.filter((section) => stale.delete(section));

		queue.add(now);
	}, { rootMargin: "200px" });

	return () => {
		for (const section of SECTIONS) {
			const element = document.getElementById(section.id);

			stale.add(section);
			seen.unobserve(element);
			seen.observe(element);
		}
	};
}

function makePage(study) {
	const update = makeBar(study, SECTIONS);
	const queue = makeQueue(study, tellDrawn);
	const draw = (changed) => {
		const cells = filterCells(study);

		update(cells);
		for (const section of concerned(study, changed)) {
			queue.forget(section);
			redraw(study, section, cells);
		}
		if (changed.includes("cell"))
			showPinned();
		if (changed.includes("at")) {
			queue.flush();
			goTo(getState("at"));
		}
	};

	onState(draw);
	watchFragment(["path", "scale", "sort", "columns", "cell", "at"]);
	NARROW.addEventListener("change", () => draw(["width"]));
	addEventListener("beforeprint", queue.flush);
	update(filterCells(study));
	queue.add(SECTIONS);
	draw(["cell", ...getState("at") ? ["at"] : []]);

	const refresh = makeLazy(queue);

	goLive(study, () => {
		updateDetail();
		fillColophon(study);
		update(filterCells(study));
		refresh();
	});
}

function start() {
	const study = readStudy(JSON.parse(
		document.getElementById("study").textContent));

	readFragment();
	installColors(study.values.socket_size?.length ?? 1);
	installDetail(study);
	SECTIONS = ALL_SECTIONS.filter(({ when }) => !when || when(study) ||
		(study.json.live && when !== hasChanges))
		.map((section) => study.exchange && section.exchange
			? { ...section, title: section.exchange, short: "Rate" }
			: section);
	layOut();
	fillColophon(study);
	installLinks();
	makePage(study);
}

start();
