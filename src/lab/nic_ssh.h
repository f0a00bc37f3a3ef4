/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * nic_ssh.h - would somebody at the other end of ssh lose this machine? Called
 * by nic_check.c.
 */
#ifndef VAZAO_LAB_NIC_SSH_H
#define VAZAO_LAB_NIC_SSH_H

#include "base/err.h"

/*
 * -EBUSY where the way to an ssh client leads over the interface: that of the
 * caller's own session ($SSH_CONNECTION of this process and its ancestors, for
 * sudo drops it), and every one that is connected to port 22 here.
 */
int nic_check_ssh(const char *nic, int ifindex, struct err *err);

#endif
