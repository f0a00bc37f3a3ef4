/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recipe.h - what each image is made of, as data.
 *
 * A recipe is one row of image_recipes[]; nothing else need know of it.
 * Called by this room alone.
 */
#ifndef VAZAO_IMAGE_RECIPE_H
#define VAZAO_IMAGE_RECIPE_H

struct recipe_text {
	const char *name; /* in the image: "etc/vazao/dom0" */
	unsigned int mode;
	const char *text;
};

struct recipe_link {
	const char *name, *target;
};

struct recipe {
	const char *name, *help;
	const char *const *packages; /* as apt_resolve() takes them */

	/*
	 * What PID 1 loads, in the image's file "modules/order": paths in the
	 * order of loading, a line each. guest_modules: the same for the
	 * machine that this one starts, in "modules/guest"; NULL: it starts
	 * none.
	 */
	const char *const *modules, *const *guest_modules;

	/* Of the packages' files, what to leave out; NULL: no files at all,
	 * but the modules. */
	const char *const *skip;
	const struct recipe_text *texts; /* ended by name == NULL; or NULL */
	const struct recipe_link *links; /* as well */
	const char *hypervisor; /* a .gz among the packages' files; or NULL */
};

extern const struct recipe image_recipes[]; /* ended by name == NULL */

/* dom0's start, from dom0.sh in this room. */
extern const char dom0_sh[];

#endif
