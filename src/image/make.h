/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * make.h - an image from its recipe. Called by image.c alone, who holds the
 * cache's lock.
 */
#ifndef VAZAO_IMAGE_MAKE_H
#define VAZAO_IMAGE_MAKE_H

#include "base/err.h"
#include "image/apt.h"
#include "image/image.h"
#include "image/recipe.h"

struct make_args {
	const struct recipe *recipe;
	const struct image_build *build;
	struct apt *apt;      /* has resolved the recipe's packages */
	const char *packages; /* the image's file of that name */
	const char *cache;
	const char *dir; /* in the cache: what is to come into being */
};
int make_image(const struct make_args *args, struct err *err);

#endif
