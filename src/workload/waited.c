/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workload/waited.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

/* "cpu_ns waited_ns slices" (Documentation/scheduler/sched-stats.rst). */
static int64_t read_total(const struct waited *waited)
{
	char text[96];
	long long cpu_ns, waited_ns;
	ssize_t n = pread(waited->fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return waited->total_ns;
	text[n] = '\0';
	if (sscanf(text, "%lld %lld", &cpu_ns, &waited_ns) != 2)
		return waited->total_ns;
	return waited_ns;
}

void waited_open(struct waited *waited)
{
	*waited = (struct waited){
		.fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC),
		.looked_ns = clock_mono_ns(),
	};
	if (waited->fd >= 0)
		waited->total_ns = read_total(waited);
}

void waited_close(struct waited *waited)
{
	if (waited->fd >= 0)
		close(waited->fd);
	waited->fd = -1;
}

int64_t waited_look(struct waited *waited, int64_t now_ns)
{
	int64_t before_ns = waited->total_ns;

	if (waited->fd < 0 || now_ns - waited->looked_ns < WAITED_LOOK_NS)
		return 0;
	waited->looked_ns = now_ns;
	waited->total_ns = read_total(waited);
	return waited->total_ns - before_ns;
}
