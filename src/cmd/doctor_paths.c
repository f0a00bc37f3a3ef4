/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doctor.h"

#include <string.h>

#define NEEDS_MAX 6

/* The probes that a kind of path cannot do without. */
struct path_needs {
	const char *kind;
	const char *probe[NEEDS_MAX]; /* ended by NULL */
};

/* clang-format off */
static const struct path_needs path_needs[] = {
	{ "native", { "namespaces", "veth" } },
	{ "dom0", { "namespaces", "veth", "bridge" } },
	{ "domU", { "namespaces", "veth", "bridge", "TAP" } },
	{ "uml", { "namespaces", "veth", "bridge", "TAP", "UML" } },
	{ "qemu", { "namespaces", "veth", "bridge", "TAP", "tcg" } },
	{ "xen", { "namespaces", "veth", "bridge", "TAP", "tcg" } },
	{ "xen-host", { "namespaces", "veth", "bridge", "Xen" } },
	{ "veth", { "namespaces", "veth" } },
	{ "bridge", { "namespaces", "veth", "bridge", "nftables" } },
	{ "macvlan", { "namespaces", "veth", "macvlan" } },
	{ "ipvlan", { "namespaces", "veth", "ipvlan" } },
	{ "pasta", { "namespaces", "veth", "TAP", "pasta" } },
	{ "slirp4netns", { "namespaces", "veth", "TAP", "slirp4netns" } },
	{ "ssh", { "ssh" } },
	{ NULL, { NULL } },
};
/* clang-format on */

static const struct path_needs *find_needs(const char *kind)
{
	for (const struct path_needs *n = path_needs; n->kind; n++)
		if (strcmp(n->kind, kind) == 0)
			return n;
	return NULL;
}

static const struct finding *find_finding(const char *name,
					  const struct probe *probes,
					  const struct finding *findings)
{
	for (size_t i = 0; probes[i].name; i++)
		if (strcmp(probes[i].name, name) == 0)
			return &findings[i];
	return NULL;
}

bool doctor_judge_path(const char *kind, const struct probe *probes,
		       const struct finding *findings, char *because,
		       size_t size)
{
	const struct path_needs *needs = find_needs(kind);
	size_t used = 0;

	because[0] = '\0';
	if (!needs) {
		snprintf(because, size, "doctor does not know what it needs");
		return false;
	}
	for (int i = 0; i < NEEDS_MAX && needs->probe[i]; i++) {
		const char *name = needs->probe[i];
		const struct finding *f = find_finding(name, probes, findings);

		if (f && f->verdict == FINDING_OK)
			continue;
		if (used < size)
			used += (size_t)snprintf(because + used, size - used,
						 "%s%s", used ? ", " : "lacks ",
						 name);
	}
	return used == 0;
}
