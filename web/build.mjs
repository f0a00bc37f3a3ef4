// SPDX-License-Identifier: GPL-3.0-or-later
// usage: node build.mjs NODE_MODULES OUTPUT
//
// Bundles src/ into OUTPUT: the whole page but the study, for which it has
// three marks (page.html). The content security policy allows this script, by
// its hash, and no request of any kind.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { join, resolve } from "node:path";
import { readFile, readdir, writeFile } from "node:fs/promises";

const source = fileURLToPath(new URL("./src/", import.meta.url));
const modules = resolve(process.argv[2]);
const esbuild = createRequire(join(modules, "x.js"))("esbuild");

/* The packages whose files went into the page. */
const packages = new Set();

function notePackages(metafile) {
	const used = Object.values(metafile.outputs)
		.flatMap((output) => Object.entries(output.inputs))
		.filter(([path, { bytesInOutput: bytes }]) =>
			bytes > 0 || path.endsWith(".woff2"));

	for (const [path] of used) {
		const name = path.match(/node_modules\/((@[^/]+\/)?[^/]+)\//)?.[1];

		if (name)
			packages.add(name);
	}
}

async function readLicense(name) {
	const files = await readdir(join(modules, name));
	const file = files.find((f) => /^(licen[cs]e|copying)/i.test(f));
	const text = file ? await readFile(join(modules, name, file), "utf8")
		: JSON.parse(await readFile(join(modules, name, "package.json")))
			.license;

	return text.trim().replaceAll("<", "(").replaceAll(">", ")");
}

/* What the packages' licenses ask to be told, each text once. */
async function tellLicenses() {
	const texts = new Map();

	for (const name of [...packages].sort()) {
		const text = await readLicense(name);

		texts.set(text, [...texts.get(text) ?? [], name]);
	}
	return [...texts].map(([text, names]) =>
		`${names.join(", ")}:\n\n${text}`).join("\n\n----\n\n");
}

async function bundle(entry) {
	const result = await esbuild.build({ metafile: true,
		entryPoints: [join(source, entry)], bundle: true, minify: true,
		write: false, format: "iife", target: ["es2022"], charset: "utf8",
		nodePaths: [modules], loader: { ".woff2": "dataurl" },
		legalComments: "none", logLevel: "warning", lineLimit: 120,
	});

	notePackages(result.metafile);
	return result.outputFiles[0].text.trim();
}

const script = await bundle("main.js");
const hash = createHash("sha256").update(script).digest("base64");
const parts = {
	STYLE: await bundle("style.css"),
	SCRIPT: script,
	CSP: `default-src 'none'; script-src 'sha256-${hash}'; ` +
		"style-src 'unsafe-inline'; font-src data:; img-src data:; " +
		"base-uri 'none'; form-action 'none'<!--vazao:policy-->",
};
parts.LICENSES = await tellLicenses();
const page = await readFile(join(source, "page.html"), "utf8");

await writeFile(process.argv[3],
	page.replace(/@(CSP|STYLE|SCRIPT|LICENSES)@/g, (_, name) => parts[name]));
