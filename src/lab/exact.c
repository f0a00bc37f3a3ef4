/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/exact.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/guest.h"
#include "image/image.h"
#include "lab/command.h"
#include "lab/initrd.h"
#include "lab/keeper.h"
#include "lab/node.h"

#define PROGRAM	       "qemu-system-x86_64"
#define PACKAGE	       "qemu-system-x86"
#define XEN_OWN_MIB    96 /* hypervisor, and what it sets aside */
#define DOMU_MAC       "00:16:3e:00:01:02"
#define LINE_MAX_BYTES (4 << 20)

/* What a kernel would else take from its surroundings, or choose by them. */
#define STEADY_WORDS                                               \
	"nokaslr norandmaps random.trust_cpu=off mitigations=off " \
	"tsc=reliable quiet loglevel=4 panic=-1"

struct exact {
	char program[PATH_MAX];
	struct image image;
	struct keeper keeper; /* pid 0: it does not run */
	struct lab_netns *netns;
	int initrd_fd, report_fd;
	char *text; /* read of the report, from `at` on not yet told */
	size_t used, room, at;
};

static bool is_xen(const struct exact_args *args)
{
	return args->kind != EXACT_LINUX;
}

static const char *image_name(enum exact_kind kind)
{
	return kind == EXACT_LINUX ? "linux" : "xen";
}

/*
 * The command line. Descriptors: the file system at KEEPER_IMAGE, then the
 * report, kernel and hypervisor.
 */

enum { FD_REPORT = KEEPER_MORE, FD_KERNEL, FD_XEN };

static void add_machine(const struct exact *m, const struct exact_args *args,
			struct command_line *c)
{
	int memory = args->memory_mib;

	if (is_xen(args))
		memory += args->dom0_memory_mib + XEN_OWN_MIB;
	command_add(c, "%s", m->program);
	command_add(c, "-name");
	command_add(c, "%s", args->name);
	command_add(c, "-M");
	command_add(c, "q35");
	command_add(c, "-accel");
	command_add(c, "tcg,thread=single");
	command_add(c, "-icount");
	command_add(c, "shift=0,sleep=off");
	command_add(c, "-rtc");
	command_add(c, "base=2024-01-01,clock=vm");
	/* QEMU hands a Linux kernel random bytes: these are the same ones */
	command_add(c, "-seed");
	command_add(c, "%" PRIu32, (uint32_t)args->seed);
	command_add(c, "-cpu");
	command_add(c, "qemu64"); /* has no RDRAND; see machine.c, too */
	command_add(c, "-smp");
	command_add(c, "1");
	command_add(c, "-m");
	command_add(c, "%d", memory);
	command_add(c, "-nodefaults");
	command_add(c, "-no-user-config");
	command_add(c, "-display");
	command_add(c, "none");
	command_add(c, "-no-reboot");
}

/* Files, which take what they are given at once. */
static void add_lines(struct command_line *c)
{
	command_add(c, "-chardev");
	command_add(c, "file,id=console,path=/proc/self/fd/1");
	command_add(c, "-serial");
	command_add(c, "chardev:console");
	command_add(c, "-chardev");
	command_add(c, "file,id=report,path=/proc/self/fd/%d", FD_REPORT);
	command_add(c, "-serial");
	command_add(c, "chardev:report");
}

/* Colons for spaces: a variable of init's environment has none. */
static void format_inner_words(const struct exact_args *args, char *text,
			       size_t size)
{
	snprintf(text, size, "vazao_seed=%" PRIu64 "%s%s", args->seed,
		 *args->words ? ":" : "", args->words);
	for (char *c = text; *c; c++)
		if (*c == ' ')
			*c = ':';
}

static void format_words(const struct exact_args *args, char *words,
			 size_t size)
{
	char inner[512], xen[768] = "";

	format_inner_words(args, inner, sizeof(inner));
	if (is_xen(args))
		snprintf(xen, sizeof(xen),
			 GUEST_SETUP "=/etc/vazao/dom0 " GUEST_INNER
				     "=peth0:vif0.0:vif1.0:xenbr0 "
				     "vazao_words=%s%s",
			 inner,
			 args->kind == EXACT_XEN_DOMU
				 ? " vazao_domU_mac=" DOMU_MAC
				 : "");
	snprintf(words, size,
		 STEADY_WORDS " vazao_seed=%" PRIu64 " " GUEST_NODE
			      "=%s " GUEST_DEVICE "=eth0 " GUEST_LINE
			      "=ttyS1 " GUEST_ERRAND
			      "=/errand %s vazao_domU_memory=%d %s",
		 args->seed, args->name, xen, args->memory_mib, args->words);
}

static void add_kernel(const struct exact_args *args, struct command_line *c)
{
	char words[2048];

	format_words(args, words, sizeof(words));
	command_add(c, "-kernel");
	command_add(c, "/proc/self/fd/%d", is_xen(args) ? FD_XEN : FD_KERNEL);
	command_add(c, "-append");
	if (is_xen(args))
		command_add(c,
			    "console=com1 com1=115200,8n1 noreboot "
			    "bootscrub=off "
			    "dom0_mem=%dM,max:%dM loglvl=error "
			    "guest_loglvl=error",
			    args->dom0_memory_mib, args->dom0_memory_mib);
	else
		command_add(c, "console=ttyS0 %s", words);
	command_add(c, "-initrd");
	if (is_xen(args)) /* modules of a multiboot kernel: no comma in words */
		command_add(c,
			    "/proc/self/fd/%d console=hvc0 %s,/proc/self/fd/%d",
			    FD_KERNEL, words, KEEPER_IMAGE);
	else
		command_add(c, "/proc/self/fd/%d", KEEPER_IMAGE);
}

/*
 * Boot and end.
 */

static int open_part(const struct exact *m, const char *name, int *fd,
		     struct err *err)
{
	char file[PATH_MAX + 16];

	snprintf(file, sizeof(file), "%s/%s", m->image.dir, name);
	*fd = open(file, O_RDONLY | O_CLOEXEC);
	return *fd < 0 ? err_sys(err, errno, "%s", file) : 0;
}

static int boot(struct exact *m, const struct exact_args *args, struct err *err)
{
	struct command_line *c = calloc(1, sizeof(*c));
	int fd[3] = { m->report_fd, -1, -1 };
	int rc = c ? 0 : err_sys(err, ENOMEM, "machine %s", args->name);

	if (!rc)
		rc = open_part(m, "kernel", &fd[1], err);
	if (!rc && is_xen(args))
		rc = open_part(m, "xen", &fd[2], err);
	if (!rc) {
		add_machine(m, args, c);
		add_lines(c);
		add_kernel(args, c);
		rc = command_check(c, err);
	}
	if (!rc)
		rc = keeper_start(
			&m->keeper,
			&(struct keeper_args){ .netns = m->netns,
					       .argv = c->argv,
					       .image_fd = m->initrd_fd,
					       .files_mib = 16,
					       .more_fd = fd,
					       .more = is_xen(args) ? 3 : 2 },
			err);
	node_close_fd(&fd[1]);
	node_close_fd(&fd[2]);
	free(c);
	return rc;
}

static int prepare(struct exact *m, const struct exact_args *args,
		   struct err *err)
{
	const struct initrd_text text[] = { { "errand", args->errand },
					    { NULL, NULL } };
	int rc = command_require(PROGRAM, PACKAGE, m->program, err);

	if (!rc)
		rc = image_find(image_name(args->kind), &m->image, err);
	if (!rc)
		rc = initrd_make(&m->initrd_fd, m->image.dir, args->agent_path,
				 text, err);
	if (!rc)
		rc = netns_create(&m->netns, args->name, err);
	if (rc)
		return rc;
	m->report_fd = memfd_create("report", MFD_CLOEXEC);
	return m->report_fd < 0 ? err_sys(err, errno, "memfd_create") : 0;
}

int exact_start(struct exact **machine, const struct exact_args *args,
		struct err *err)
{
	struct exact *m = calloc(1, sizeof(*m));
	int rc;

	*machine = NULL;
	if (!m)
		return err_sys(err, ENOMEM, "machine %s", args->name);
	m->initrd_fd = m->report_fd = -1;
	rc = prepare(m, args, err);
	if (!rc)
		rc = boot(m, args, err);
	if (rc)
		exact_stop(m);
	else
		*machine = m;
	return rc ? err_wrap(err, "machine %s", args->name) : 0;
}

void exact_stop(struct exact *m)
{
	if (!m)
		return;
	keeper_stop(&m->keeper);
	node_close_fd(&m->initrd_fd);
	node_close_fd(&m->report_fd);
	netns_close(m->netns);
	free(m->text);
	free(m);
}

int exact_end_fd(const struct exact *m)
{
	return m->keeper.read_fd;
}

/* The state of the process whose directory in /proc it is, if it is the
 * keeper's one child: the program. */
static bool read_state(const char *pid, pid_t keeper, char *state)
{
	char file[64];
	int parent = 0;
	FILE *in;

	snprintf(file, sizeof(file), "/proc/%.20s/stat", pid);
	in = fopen(file, "re");
	if (!in)
		return false;
	if (fscanf(in, "%*d (%*[^)]) %c %d", state, &parent) != 2)
		parent = 0;
	fclose(in);
	return parent == keeper;
}

bool exact_is_stopped(const struct exact *m)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char state = '?';
	bool found = false;

	while (proc && !found && (entry = readdir(proc)))
		found = isdigit((unsigned char)entry->d_name[0]) &&
			read_state(entry->d_name, m->keeper.pid, &state);
	if (proc)
		closedir(proc);
	return found && state == 'T';
}

void exact_read_console(const struct exact *m, char *text, size_t size)
{
	keeper_read_console(m->keeper.console_fd, text, size);
}

/*
 * The report.
 */

static bool has_ended(const struct exact *m)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)m->keeper.pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

/* 1: more of it was read. `used` is also the file's place. */
static int read_more(struct exact *m, struct err *err)
{
	ssize_t n;

	if (m->used + 65536 > m->room) {
		char *more = realloc(m->text, m->room + LINE_MAX_BYTES);

		if (!more)
			return err_sys(err, ENOMEM, "a report");
		m->text = more;
		m->room += LINE_MAX_BYTES;
	}
	n = pread(m->report_fd, m->text + m->used, m->room - m->used - 1,
		  (off_t)m->used);
	if (n < 0)
		return err_sys(err, errno, "a report");
	m->used += (size_t)n;
	return n > 0;
}

/* Cut out of the text; NULL: none is whole. */
static const char *cut_line(struct exact *m)
{
	char *line = m->text + m->at;
	char *end = memchr(line, '\n', m->used - m->at);

	if (!end)
		return NULL;
	*end = '\0';
	m->at = (size_t)(end + 1 - m->text);
	return line;
}

static int tell_end(const struct exact *m, struct err *err)
{
	char console[400];

	exact_read_console(m, console, sizeof(console));
	return err_set(err, EPIPE,
		       "the machine ended before its work was done; its "
		       "console: %s",
		       console);
}

int exact_next_line(struct exact *m, const char **line, struct err *err)
{
	bool ended = has_ended(m); /* before reading: then nothing follows */
	int rc = read_more(m, err);

	if (rc < 0)
		return rc;
	*line = cut_line(m);
	if (*line)
		return 1;
	return ended && rc == 0 ? tell_end(m, err) : 0;
}

/*
 * What it is made of.
 */

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static int hash_file(const char *file, uint64_t *hash, struct err *err)
{
	unsigned char bytes[65536];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return err_sys(err, errno, "%s", file);
	*hash = UINT64_C(14695981039346656037);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			*hash = (*hash ^ bytes[i]) * UINT64_C(1099511628211);
	close(fd);
	return n < 0 ? err_sys(err, errno, "%s", file) : 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int exact_describe(const char *agent_path, char *text, size_t size,
		   struct err *err)
{
	char program[PATH_MAX];
	struct image linux_image, xen_image;
	uint64_t qemu, agent;
	int rc = command_require(PROGRAM, PACKAGE, program, err);

	if (!rc)
		rc = image_find("linux", &linux_image, err);
	if (!rc)
		rc = image_find("xen", &xen_image, err);
	if (!rc)
		rc = hash_file(program, &qemu, err);
	if (!rc)
		rc = hash_file(agent_path, &agent, err);
	if (!rc)
		snprintf(text, size,
			 "QEMU %016" PRIx64 ", %.60s, %.60s, agent %016" PRIx64,
			 qemu, last_part(linux_image.dir),
			 last_part(xen_image.dir), agent);
	return rc;
}
