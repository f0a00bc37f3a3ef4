/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The xenbus handshake under libFuzzer: messages of a hostile peer, one after
 * the other, some with descriptors. What both ends read from them afterwards
 * must keep its bounds, and no descriptor may be lost.
 *
 * An input is messages parted by a byte 0xfe; the byte before it, or the last
 * one, says how many descriptors come with it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xen/xenbus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool true_always)
{
	if (!true_always)
		abort();
}

static const char *const numbers[] = {
	"feature-gso-tcpv4", "feature-persistent",
	"request-rx-copy",   "multi-queue-max-queues",
	"ring-pages",	     "grant-table-pages",
	"tx-ring-ref",	     "queue-0/rx-ring-ref",
	"memory-tx-frames",
};

static const char *const descriptors[] = {
	"memory-control",
	"memory-tx",
	"memory-rx",
	"event-channel/to-back",
	"event-channel/to-front",
};

static void send_message(int fd, const uint8_t *text, size_t bytes, int fds)
{
	static int spare = -1;
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)text, bytes };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (spare < 0)
		spare = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fds) {
		int list[4] = { spare, spare, spare, spare };

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE((size_t)fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), list,
		       (size_t)fds * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void read_keys(struct xenbus *bus)
{
	struct xenbus_range range = { 1, 16, 1 };
	int64_t value;
	int fd;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *text = xenbus_get(bus, numbers[i]);

		claim(!text || strlen(text) < XENBUS_VALUE_BYTES);
		if (!xenbus_get_int(bus, numbers[i], range, &value, NULL))
			claim(value >= 1 && value <= 16);
	}
	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]);
	     i++) {
		if (xenbus_take_fd(bus, descriptors[i], &fd, NULL))
			continue;
		claim(fcntl(fd, F_GETFD) == FD_CLOEXEC);
		close(fd);
		claim(xenbus_take_fd(bus, descriptors[i], &fd, NULL));
	}
}

/* The lowest that is free: grows where one is lost. */
static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int before = -1;
	struct xenbus *bus;
	int fd[2];

	if (before < 0) {
		send_message(-1, data, 0, 0);
		before = lowest_free_fd();
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return 0;
	if (xenbus_open(&bus, fd[0], NULL) == 0) {
		int rc = 1;

		while (size && rc == 1) {
			const uint8_t *end = memchr(data, 0xfe, size);
			size_t bytes = end ? (size_t)(end - data) : size;

			send_message(fd[1], data, bytes,
				     bytes ? data[bytes - 1] % 5 : 0);
			rc = bytes ? xenbus_receive(bus, NULL) : 1;
			claim(rc <= 1);
			claim(xenbus_peer_state(bus) <= XENBUS_RECONFIGURED);
			bytes += end != NULL;
			data += bytes;
			size -= bytes;
		}
		read_keys(bus);
		xenbus_close(bus);
	}
	close(fd[1]);
	claim(lowest_free_fd() == before);
	return 0;
}
