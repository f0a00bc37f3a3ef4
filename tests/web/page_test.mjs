// SPDX-License-Identifier: GPL-3.0-or-later
// usage: node page_test.mjs CHROMIUM NODE_MODULES DIR
//
// Opens DIR's pages in headless Chromium, from disk and with the network off,
// and does what a reader does. Every check prints a line; the last is the
// count. Fails on any error of the console and any request but the page's own.
import { createRequire } from "node:module";
import { join } from "node:path";
import { readFileSync, statSync } from "node:fs";

const [browserPath, modules, dir] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

let passed = 0, failed = 0;

function check(what, found, wanted = true) {
	const good = typeof wanted === "function" ? wanted(found)
		: JSON.stringify(found) === JSON.stringify(wanted);

	good ? passed++ : failed++;
	console.log(`${good ? "ok  " : "FAIL"} ${what}${good ? "" : `: ${
		JSON.stringify(found)}${typeof wanted === "function" ? ""
			: `, not ${JSON.stringify(wanted)}`}`}`);
}

/* The CSV of the program; its fields have no quotes but in a cause. */
function readCsv(name) {
	const [head, ...lines] = readFileSync(join(dir, `${name}.csv`), "utf8")
		.trim().split("\n").map((line) => line.split(","));

	return { head, lines };
}

async function open(browser, name, options = {}, fragment = "") {
	const { javaScript = true, ...rest } = options;
	const context = await browser.newContext({ offline: true,
		viewport: { width: 1440, height: 900 }, reducedMotion: "reduce",
		javaScriptEnabled: javaScript, ...rest });
	const page = await context.newPage();

	page.problems = [];
	page.on("console", (message) => ["error", "warning"].includes(
		message.type()) && page.problems.push(message.text()));
	page.on("pageerror", (error) => page.problems.push(String(error)));
	page.on("request", (request) => !/^(file|data):/.test(request.url()) &&
		page.problems.push(`request ${request.url()}`));
	await page.goto(`file://${join(dir, name)}.html${fragment}`);
	if (javaScript)
		await page.locator("html[data-drawn]").waitFor();
	return page;
}

async function finish(page, what) {
	check(`${what}: nothing on the console, no request`, page.problems, []);
	await page.context().close();
}

function count(page, selector) {
	return page.locator(selector).count();
}

/* Three paths of 112 points, two MTUs: panels and tables by arithmetic. */
async function testPaper(browser) {
	const { head, lines } = readCsv("paper");
	const page = await open(browser, "paper");
	const drawn = Number(await page.locator("html").getAttribute("data-drawn"));
	const size = statSync(join(dir, "paper.html")).size;

	const first = await page.locator("html").getAttribute("data-first");
	const painted = await page.evaluate(() => performance.getEntriesByName(
		"first-contentful-paint")[0]?.startTime);

	console.log(`     paper: ${size} bytes, first paint at ${
		Math.round(painted)} ms, the answer at ${first} ms, all drawn at ${
		drawn} ms`);
	check("paper: under 3 MB", size, (n) => n < 3e6);
	check("paper: a row a cell", await count(page, ".raw tbody tr"),
		lines.length);
	check("paper: throughput panels", await count(page, "#throughput svg"), 6);
	check("paper: efficiency panels", await count(page, "#efficiency svg"), 4);
	check("paper: extremes", await count(page, "#extremes svg"), 4);
	check("paper: one picture", await count(page, "#answer svg"), 1);
	check("paper: heat tables", await count(page, "table.heatmap"), 4);
	check("paper: a heat cell for each efficiency",
		await count(page, "td.heat"), 224);
	check("paper: a mark for each cell",
		await count(page, "#throughput .mark"), 336);
	check("paper: says what each path carries",
		await page.locator(".answer").textContent(),
		(text) => /dom0 carries [\d.]+\u00a0%.*domU [\d.]+\u00a0%/.test(text));
	check("paper: columns of the CSV", (await page.evaluate(() =>
		Object.keys(JSON.parse(document.getElementById("study").textContent)
			.cells[0]))).slice(0, head.length), head);
	await finish(page, "paper");
}

/* Heat cells against the program's CSV, number by number. */
async function testNumbers(browser) {
	const { head, lines } = readCsv("quick");
	const page = await open(browser, "quick");
	const at = (line, name) => line[head.indexOf(name)];
	const axes = head.slice(1, head.indexOf("throughput_mbps"));
	let compared = 0, wrong = [];

	for (const line of lines) {
		const id = [at(line, "path"), ...axes.map((a) => at(line, a))].join("/");
		const cell = page.locator(`td.heat[data-cell="${id}"]`);

		if (!await cell.count() || !at(line, "efficiency") ||
			at(line, "status") === "FAILED")
			continue;
		const percent = 100 * Number(at(line, "efficiency"));
		const text = (await cell.textContent()).replace(/[†‡]/, "");

		compared++;
		if (Number(text) !== Number(percent.toFixed(percent < 9.95 ? 1 : 0)))
			wrong.push([id, text, percent]);
	}
	check("numbers: efficiencies compared", compared, (n) => n >= 10);
	check("numbers: as in the CSV", wrong, []);
	check("numbers: failed cells are marked",
		await page.locator("td.heat.failed").count(),
		lines.filter((l) => at(l, "status") === "FAILED" &&
			at(l, "path") !== "native").length);
	await finish(page, "numbers");
}

async function testFilter(browser) {
	const page = await open(browser, "paper", {}, "#mtu=1500&sort=-efficiency");
	const rows = page.locator(".raw tbody tr");
	const efficiencies = async () => (await rows.evaluateAll((all) => all.map(
		(row) => row.querySelectorAll("td")[6].textContent)))
		.filter((text) => text !== "").map(Number);

	check("fragment: restores a filter", await rows.count(), 168);
	check("fragment: figures follow", await count(page, "#throughput svg"), 3);
	check("fragment: restores the order", await efficiencies(), (all) =>
		all.length > 100 && all.every((v, i) => !i || v <= all[i - 1]));
	check("fragment: the answer says that it is a selection",
		await page.locator(".answer").textContent(),
		(text) => text.startsWith("In this selection"));
	await page.locator(".filter summary").click();
	await page.getByLabel("dom0", { exact: true }).uncheck();
	check("filter: a box leaves a path out", await rows.count(), 112);
	check("filter: it stands in the link", new URL(page.url()).hash,
		(hash) => hash.includes("path=native") && !hash.includes("dom0"));
	await page.getByText("Show all cells").click();
	check("filter: all again", await rows.count(), 336);
	await finish(page, "filter");
}

async function testSortAndCopy(browser) {
	const page = await open(browser, "quick", {
		permissions: ["clipboard-read", "clipboard-write"] });
	const button = page.locator('[data-sort="throughput_mbps"]');
	const { head, lines } = readCsv("quick");

	await button.click();
	check("sort: is told", await page.locator(
		'th[aria-sort="ascending"] button').getAttribute("data-sort"),
	"throughput_mbps");
	check("sort: the focus stays", await page.evaluate(() =>
		document.activeElement.dataset.sort), "throughput_mbps");
	await button.click();
	await button.click();
	await page.locator("#copy-csv").click();
	await page.getByText(/^ ?Copied/).waitFor();
	const copied = (await page.evaluate(() => navigator.clipboard.readText()))
		.trim().split("\n").map((line) => line.split(","));
	const same = (a, b) => a === b || Math.abs(Number(a) - Number(b)) <=
		1e-6 * Math.abs(Number(b));

	check("copy: the CSV's columns", copied[0].slice(0, head.length), head);
	check("copy: the CSV's rows", copied.length - 1, lines.length);
	check("copy: the CSV's values", lines.flatMap((line, i) => line.map(
		(value, j) => same(copied[i + 1][j], value) ? null
			: [head[j], copied[i + 1][j], value])).filter(Boolean), []);
	await finish(page, "sort and copy");
}

async function testKeyboard(browser) {
	const page = await open(browser, "paper");
	const detail = page.locator("#detail");
	const says = () => detail.textContent();

	await page.locator("td.heat").first().focus();
	await page.keyboard.press("ArrowRight");
	check("keyboard: focus shows the cell", await detail.isVisible());
	check("keyboard: its size and blocks", await says(), (text) =>
		text.includes("message 1K") && /blocks\d+/.test(text));
	await page.keyboard.press("Enter");
	check("keyboard: Enter pins it in the link", page.url(),
		(url) => url.includes("cell="));
	const link = new URL(page.url()).hash;

	await page.keyboard.press("Escape");
	check("keyboard: Escape takes it away", await detail.isVisible(), false);
	await page.locator("#throughput .mark[tabindex='0']").first().focus();
	await page.keyboard.press("ArrowRight");
	check("keyboard: figures, too", await detail.isVisible());
	check("keyboard: one stop a figure",
		await count(page, "#throughput .mark[tabindex='0']"), 6);
	await page.locator(".raw tbody tr").first().focus();
	await page.keyboard.press("ArrowDown");
	check("keyboard: rows, too", await detail.isVisible());
	await finish(page, "keyboard");
	const linked = await open(browser, "paper", {}, link);

	check("keyboard: the link shows the cell",
		await linked.locator("#detail").isVisible());
	await finish(linked, "linked cell");
}

async function testPointer(browser) {
	const page = await open(browser, "paper");
	const svg = page.locator("#throughput svg").first();

	await svg.scrollIntoViewIfNeeded();
	/* scrolling hides the card: let its event pass */
	await page.evaluate(() => new Promise((done) =>
		requestAnimationFrame(() => setTimeout(done, 50))));
	const mark = await svg.locator(".mark").nth(3).boundingBox();

	await page.mouse.move(mark.x + 4, mark.y + 5);
	check("pointer: shows a cell", await page.locator("#detail").isVisible());
	check("pointer: with its blocks", await count(page, "#detail svg"), 1);
	await finish(page, "pointer");
}

/* Against the JSON of the same comparison. */
async function testChanges(browser) {
	const page = await open(browser, "changed");
	const json = JSON.parse(readFileSync(join(dir, "changed.json"), "utf8"));
	const changed = json.cells.filter((cell) => cell.verdict === "worse" ||
		cell.verdict === "better");
	const rows = page.locator("#changes tbody tr").filter({ has:
		page.locator(".verdict") });

	check("changes: says the overall verdict", await page.locator(
		"#changes .answer").textContent(), (t) => t.includes(json.overall));
	check("changes: worse is found", changed.length, (n) => n >= 3);
	check("changes: only what changed", await rows.count(), changed.length);
	check("changes: each path's mean", await count(page,
		"#changes ul.statements > li"), json.means.length);
	check("changes: no such section without a comparison",
		await (async () => {
			const other = await open(browser, "quick");
			const n = await count(other, "#changes");

			await finish(other, "quick");
			return n;
		})(), 0);
	await page.evaluate(axe);
	check("changes: axe-core", await page.evaluate(async () => (await
	window.axe.run("#changes")).violations.map((v) => v.id)), []);
	await finish(page, "changes");
}

/* The statements and what to set, as far as the study tells. */
async function testFindings(browser) {
	const page = await open(browser, "paper");
	const json = await page.evaluate(() => JSON.parse(
		document.getElementById("study").textContent));
	const settings = new Set(json.advice.groups.filter((g) => g.choice).map(
		({ choice, commands }) => JSON.stringify([choice.socket_size,
			choice.message_size, commands])));

	check("findings: every statement", await count(page,
		"#explanation ul.statements > li"),
	json.explanation.statements.length);
	check("findings: groups of like settings have one entry", await count(page,
		"#advice .advice"), settings.size);
	check("findings: what to paste", await page.locator("#advice pre").first()
		.textContent(), (text) => /sysctl|setsockopt|ip link/.test(text));
	await finish(page, "findings");
}

/* Names of paths and a title that are markup; axes of another study. */
async function testHostile(browser) {
	const page = await open(browser, "hostile");

	check("hostile: nothing of it ran", await page.evaluate(() =>
		window.hacked ?? null), null);
	check("hostile: no element of it", await count(page,
		"b:text-is('metal'), img"), 0);
	check("hostile: the title is text", await page.title(),
		(text) => text.includes("</script><script>"));
	check("hostile: rows", await count(page, ".raw tbody tr"), 64);
	check("hostile: a figure for each of the other axes' values",
		await count(page, "#throughput svg"), 16);
	check("hostile: cost where it was measured",
		await count(page, "#cost svg"), 32);
	await finish(page, "hostile");
}

async function testAccessible(browser) {
	for (const colorScheme of ["light", "dark"]) {
		const page = await open(browser, "paper", { colorScheme },
			"#cell=domU/tcp_stream/send/500/4096/512/off/1&sort=mtu");

		check(`axe-core, ${colorScheme}: with a pinned cell`,
			await page.locator("#detail").isVisible());
		await page.locator(".filter summary").click();
		for (const summary of await page.locator("#methods summary").all())
			await summary.click();
		await page.evaluate(axe);
		const found = await page.evaluate(async () => (await window.axe.run(
			document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa",
				"best-practice"] })).violations.map((v) =>
			`${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)} ${
				v.nodes[0].any[0]?.message ?? ""}`));

		check(`axe-core, ${colorScheme}`, found, []);
		await finish(page, `axe-core, ${colorScheme}`);
	}
}

async function testWidths(browser) {
	for (const width of [390, 768, 1440]) {
		const page = await open(browser, "paper",
			{ viewport: { width, height: 844 } });

		check(`${width} px: nothing is wider`, await page.evaluate(() =>
			document.documentElement.scrollWidth), width);
		await finish(page, `${width} px`);
	}
}

async function testPaperPrint(browser) {
	const page = await open(browser, "paper");
	const pdf = await page.pdf({ preferCSSPageSize: true });
	const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;

	check("print: pages", pages, (n) => n >= 4 && n <= 14);
	await finish(page, "print");
}

async function testNoScript(browser) {
	const page = await open(browser, "quick", { javaScript: false });

	check("without JavaScript: says so", await page.locator("main")
		.textContent(), (text) => text.includes("JavaScript"));
	await page.context().close();
}

const browser = await chromium.launch({ executablePath: browserPath, args: [
	"--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update",
	"--disable-sync"] });

try {
	for (const test of [testPaper, testNumbers, testFilter, testSortAndCopy,
		testKeyboard, testPointer, testChanges, testFindings, testHostile, testAccessible, testWidths,
		testPaperPrint, testNoScript])
		await test(browser);
} finally {
	await browser.close();
}
console.log(`${passed} checks passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
