/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/toolstack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xen/tap.h"

#define TEXT_BYTES 64
#define DOMID_LAST 32751 /* DOMID_FIRST_RESERVED - 1 */
#define VLAN_LAST  4094

/* The first descriptor; a message has no more than one of them. */
static int take_fd(struct msghdr *message)
{
	int fd = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
	     c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
		    c->cmsg_len == CMSG_LEN(sizeof(int)))
			memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

static int parse(const char *text, struct toolstack_device *device,
		 struct err *err)
{
	unsigned int domid, vlan = 0;
	char mac[18];

	if (sscanf(text, "%u %17s %u", &domid, mac, &vlan) < 2 || domid < 1 ||
	    domid > DOMID_LAST || vlan > VLAN_LAST ||
	    !tap_parse_mac(mac, device->mac))
		return err_set(err, EPROTO, "no device is '%.40s'", text);
	device->domid = (uint16_t)domid;
	device->vlan = (uint16_t)vlan;
	return 0;
}

int toolstack_receive(int fd, struct toolstack_device *device, struct err *err)
{
	char text[TEXT_BYTES] = "";
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { text, sizeof(text) - 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return err_set(err, EPIPE, "the toolstack has gone");
	device->xenbus_fd = take_fd(&message);
	rc = parse(text, device, err);
	if (!rc && device->xenbus_fd < 0)
		rc = err_set(err, EPROTO, "a device without its socket");
	if (!rc)
		return 1;
	if (device->xenbus_fd >= 0)
		close(device->xenbus_fd);
	return rc;
}
