/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * accel.h - can QEMU use KVM here? Found out by booting a guest of one
 * sector: /dev/kvm may be there and yet hang or refuse an ordinary guest.
 *
 * Called by the kinds of path that make machines, and by the doctor.
 */
#ifndef VAZAO_LAB_ACCEL_H
#define VAZAO_LAB_ACCEL_H

#include <stdbool.h>

#include "base/err.h"

struct accel_trial {
	bool boots;
	bool hangs; /* it had not ended in time */
	double seconds;
	char text[160]; /* why it does not */
};

/* Boots the guest under "kvm" or "tcg"; gives up after 3 s. -ENOPKG where
 * there is no QEMU. */
int accel_try(const char *accelerator, struct accel_trial *trial,
	      struct err *err);

/*
 * "kvm" where it boots, else "tcg". What was found is remembered in the
 * user's cache until the machine is booted again; but not that it hangs, where
 * the machine is too busy to tell.
 */
const char *accel_choose(void);

/* A whole kernel did not boot under KVM: the answer is tcg from now on. */
void accel_remember_tcg(void);

#endif
