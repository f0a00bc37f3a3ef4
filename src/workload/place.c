/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "workload/workload.h"

/* -1 where the kernel has no vsock. */
static int64_t own_context(void)
{
	int fd = open("/dev/vsock", O_RDONLY | O_CLOEXEC);
	unsigned cid = 0;
	int rc;

	if (fd < 0)
		return -1;
	rc = ioctl(fd, IOCTL_VM_SOCKETS_GET_LOCAL_CID, &cid);
	close(fd);
	return rc < 0 ? -1 : (int64_t)cid;
}

static int choose_unix(struct place *place, struct address *address,
		       struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char text[ADDRESS_TEXT_MAX + 8];

	snprintf(place->dir, sizeof(place->dir), "%.80s/vazao-XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(place->dir)) {
		int code = errno;

		place->dir[0] = '\0';
		return err_sys(err, code, "a directory for a UNIX socket");
	}
	snprintf(place->file, sizeof(place->file), "%.100s/data", place->dir);
	snprintf(text, sizeof(text), "unix:%s", place->file);
	return address_parse(text, address, err);
}

/* Every kernel's vsock goes to its hypervisor if it has no loopback: only
 * where the address of that can be bound does it lead back. */
static bool has_loopback(void)
{
	struct address local;
	int fd, rc;

	address_parse("vsock:1", &local, NULL);
	fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	local.vm.svm_port = VMADDR_PORT_ANY;
	rc = bind(fd, &local.any, local.len);
	close(fd);
	return rc == 0;
}

static int no_vsock(struct err *err)
{
	return err_set(err, EOPNOTSUPP,
		       "no vsock here: /dev/vsock cannot be opened (module "
		       "vsock_loopback or vhost_vsock)");
}

static int choose_vsock(struct address *address, char *text, struct err *err)
{
	int64_t own = own_context();

	if (own < 0)
		return no_vsock(err);
	address_parse("vsock:0", address, NULL);
	address->vm.svm_cid = (unsigned)own;
	address_format(address, text, ADDRESS_TEXT_MAX);
	address->vm.svm_cid = VMADDR_CID_ANY;
	return 0;
}

int place_choose(struct place *place, const struct point *point, char *text,
		 struct address *address, struct err *err)
{
	enum transport transport = workload_of(point)->transport;
	int rc;

	*place = (struct place){ 0 };
	if (text)
		text[0] = '\0';
	if (transport == TRANSPORT_IP)
		return 0;
	if (!text)
		return err_set(err, EOPNOTSUPP, "workload %s goes over no path",
			       axis_table[AXIS_WORKLOAD]
				       .choices[point->value[AXIS_WORKLOAD]]);
	if (transport == TRANSPORT_VSOCK)
		return choose_vsock(address, text, err);
	rc = choose_unix(place, address, err);
	if (!rc)
		address_format(address, text, ADDRESS_TEXT_MAX);
	return rc;
}

void place_leave(struct place *place)
{
	if (!place->dir[0])
		return;
	unlink(place->file);
	rmdir(place->dir);
	place->dir[0] = '\0';
}

/* M2 on our own kernel, or on our host, which always has the context 2. */
static int find_vsock(struct address *address, struct err *err)
{
	int64_t own = own_context();

	if (own < 0)
		return no_vsock(err);
	if (address->vm.svm_cid == VMADDR_CID_HOST && own != VMADDR_CID_HOST)
		return 0;
	if (address->vm.svm_cid != own)
		return err_set(err, EOPNOTSUPP,
			       "no vsock leads from context %u to %u: a guest "
			       "reaches its host alone",
			       (unsigned)own, address->vm.svm_cid);
	if (!has_loopback())
		return err_set(err, EOPNOTSUPP,
			       "vsock: both ends are on one kernel, which has "
			       "no loopback for it (module vsock_loopback)");
	address->vm.svm_cid = VMADDR_CID_LOCAL;
	return 0;
}

int place_find(const char *text, struct address *address, struct err *err)
{
	int rc;

	if (!text || !*text)
		return 0;
	rc = address_parse(text, address, err);
	if (rc)
		return rc;
	if (address->any.sa_family == AF_VSOCK)
		return find_vsock(address, err);
	if (access(address->un.sun_path, F_OK) == 0)
		return 0;
	return err_set(err, EOPNOTSUPP,
		       "%s of M2 is not to be seen here: a UNIX socket needs "
		       "one kernel and one file system",
		       address->un.sun_path);
}
