/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "agent/ssh.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define WORDS_MAX      32
#define LINE_MAX_BYTES 512

/* ssh's own limits are below it: ConnectTimeout, and what a key takes. */
#define START_NS (60 * NS_PER_S)

#define HERE "vazao-here"
#define SEND "vazao-send "

/*
 * What runs there. Neither single quotes nor exclamation marks stand in it:
 * whatever login shell there is hands the quoted text on to sh. --remove: the
 * agent removes its own file and directory at once.
 */
static const char script[] =
	"v=$(vazao --version 2>/dev/null) && [ \"$v\" = \"vazao %s\" ] && "
	"{ echo " HERE "; exec vazao agent --stdio --tethered%s; }; "
	"umask 077; "
	"d=$(mktemp -d \"${TMPDIR:-/tmp}/vazao-XXXXXXXX\") || exit 4; "
	"trap \"rm -rf $d\" EXIT HUP INT TERM; "
	"echo " SEND "$(uname -m); "
	"head -c %" PRId64 " >\"$d/vazao-agent\" && "
	"chmod 700 \"$d/vazao-agent\" && "
	"\"$d/vazao-agent\" --stdio --tethered --remove%s";

struct ssh {
	const struct ssh_args *args;
	pid_t pid;
	int read_fd, write_fd;
	int agent_fd; /* the static agent's file */
	int64_t agent_bytes;
	char line[LINE_MAX_BYTES];
};

int ssh_check_host(const char *host, struct err *err)
{
	if (*host && *host != '-' && !strpbrk(host, " \t\r\n'\"\\$`;&|<>()"))
		return 0;
	return err_set(err, EINVAL,
		       "'%.80s' is no host for ssh, such as m1, user@m1 or "
		       "ssh://user@m1:2222",
		       host);
}

static int open_agent(struct ssh *ssh, struct err *err)
{
	const char *path = ssh->args->agent_path;
	struct stat st;

	ssh->agent_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ssh->agent_fd < 0 || fstat(ssh->agent_fd, &st) < 0)
		return err_sys(err, errno, "%s", path);
	ssh->agent_bytes = st.st_size;
	return 0;
}

/* $VAZAO_SSH or ssh, then our options, the host, and the script. */
static void make_words(const struct ssh *ssh, char *program, char *command,
		       const char *words[WORDS_MAX])
{
	static const char *const own[] = {
		"-T",
		"-x",
		"-a",
		"-o",
		"BatchMode=yes",
		"-o",
		"ConnectTimeout=15",
		"-o",
		"ServerAliveInterval=5",
		"-o",
		"ServerAliveCountMax=3",
		"--",
		NULL,
	};
	char *save = NULL;
	int n = 0;

	for (char *word = strtok_r(program, " ", &save);
	     word && n < WORDS_MAX / 2; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	for (int i = 0; own[i]; i++)
		words[n++] = own[i];
	words[n++] = ssh->args->host;
	words[n++] = command;
	words[n] = NULL;
}

static _Noreturn void exec_ssh(const struct ssh *ssh, int in, int out)
{
	const char *configure =
		ssh->args->may_configure ? " --may-configure" : "";
	const char *words[WORDS_MAX];
	char text[2048], command[2100], program[1024];
	const char *wanted = getenv("VAZAO_SSH");

	snprintf(program, sizeof(program), "%s",
		 wanted && *wanted ? wanted : "ssh");
	snprintf(text, sizeof(text), script, VAZAO_VERSION, configure,
		 ssh->agent_bytes, configure);
	snprintf(command, sizeof(command), "exec sh -c '%s'", text);
	make_words(ssh, program, command, words);
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	execvp(words[0], (char *const *)words);
	dprintf(STDERR_FILENO, "%s: %s (package openssh-client)\n", words[0],
		strerror(errno));
	_exit(127);
}

static int start(struct ssh *ssh, struct err *err)
{
	pid_t parent = getpid();
	int down[2], up[2];

	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	ssh->pid = fork();
	if (ssh->pid < 0)
		return err_sys(err, errno, "fork");
	if (ssh->pid == 0) {
		const int keep[] = { down[0], up[1] };

		relay_be_child(parent, keep, 2);
		setpgid(0, 0); /* Ctrl-C is the coordinator's */
		exec_ssh(ssh, down[0], up[1]);
	}
	close(down[0]);
	close(up[1]);
	ssh->read_fd = up[0];
	ssh->write_fd = down[1];
	return 0;
}

/* Kills what is left; how it ended. */
static int stop(struct ssh *ssh, bool wait_for_it)
{
	int64_t deadline_ns = clock_mono_ns() + 2 * NS_PER_S;
	int status = 0;

	if (ssh->pid <= 0)
		return 0;
	if (ssh->write_fd >= 0)
		close(ssh->write_fd);
	if (ssh->read_fd >= 0)
		close(ssh->read_fd);
	/* the far keeper sees the end, puts back, and ssh ends by itself */
	while (wait_for_it && clock_mono_ns() < deadline_ns) {
		if (waitpid(ssh->pid, &status, WNOHANG) == ssh->pid)
			return status;
		clock_sleep_ns(5 * NS_PER_MS);
	}
	kill(ssh->pid, SIGTERM);
	while (waitpid(ssh->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/*
 * The start: lines until the script's own.
 */

/* Byte by byte: what follows the line is the relay's. */
static int read_line(struct ssh *ssh, int64_t deadline_ns, struct err *err)
{
	size_t used = 0;

	for (;;) {
		struct pollfd pfd = { .fd = ssh->read_fd, .events = POLLIN };
		int ready = poll(&pfd, 1, clock_poll_ms(deadline_ns));
		char c;
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return err_set(err, ETIMEDOUT, "no answer within %d s",
				       (int)(START_NS / NS_PER_S));
		n = read(ssh->read_fd, &c, 1);
		if (n == 0) {
			if (used) /* a last line without an end */
				ssh->line[used] = '\0';
			return -EPIPE;
		}
		if (n < 0)
			continue;
		if (c == '\n')
			break;
		if (used + 1 < sizeof(ssh->line))
			ssh->line[used++] = isprint((unsigned char)c) ? c : '?';
	}
	ssh->line[used] = '\0';
	return 0;
}

/* ssh has said why on standard error already. */
static int explain_end(struct ssh *ssh, struct err *err)
{
	int status = stop(ssh, true);

	ssh->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 255)
		return err_set(err, EHOSTUNREACH,
			       "ssh did not get in, and said why");
	if (WIFEXITED(status))
		return err_set(err, EPIPE,
			       "ssh ended with status %d before an agent ran "
			       "there%s%.200s",
			       WEXITSTATUS(status),
			       ssh->line[0] ? "; last line: " : "", ssh->line);
	return err_set(err, EPIPE, "ssh was killed (%s)",
		       strsignal(WTERMSIG(status)));
}

static int send_agent(struct ssh *ssh, struct err *err)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(ssh->agent_fd, buf, sizeof(buf))) > 0)
		for (ssize_t sent = 0; sent < n;) {
			ssize_t m = write(ssh->write_fd, buf + sent,
					  (size_t)(n - sent));

			if (m < 0 && errno != EINTR)
				return err_sys(err, errno,
					       "sending the agent there");
			sent += m > 0 ? m : 0;
		}
	return n < 0 ? err_sys(err, errno, "%s", ssh->args->agent_path) : 0;
}

static int check_machine(const char *there, struct err *err)
{
	struct utsname here;

	uname(&here);
	if (strcmp(there, here.machine) == 0)
		return 0;
	return err_set(err, ENOEXEC,
		       "that machine is %s, our agent is for %s: install "
		       "vazao " VAZAO_VERSION " there",
		       there, here.machine);
}

static int get_going(struct ssh *ssh, struct err *err)
{
	int64_t deadline_ns = clock_mono_ns() + START_NS;
	int rc;

	for (;;) {
		rc = read_line(ssh, deadline_ns, err);
		if (rc == -EPIPE)
			return explain_end(ssh, err);
		if (rc)
			return rc;
		if (strcmp(ssh->line, HERE) == 0)
			return 0;
		if (strncmp(ssh->line, SEND, strlen(SEND)) == 0)
			break;
		log_info("ssh %s: %s", ssh->args->host, ssh->line);
	}
	rc = check_machine(ssh->line + strlen(SEND), err);
	return rc ? rc : send_agent(ssh, err);
}

static void tell_client(const struct relay_end *client, const struct err *err)
{
	char text[sizeof(err->text) + 2];
	int n = snprintf(text, sizeof(text), "%s\n", err->text);

	if (write(client->write_fd, text, (size_t)n) < 0)
		log_debug("ssh: the client has gone");
}

int ssh_relay(const struct ssh_args *args, const struct relay_end *client,
	      struct err *err)
{
	struct ssh ssh = {
		.args = args, .read_fd = -1, .write_fd = -1, .agent_fd = -1
	};
	struct relay_args relay = {
		.client = *client,
		.heartbeat_ns = RELAY_HEARTBEAT_NS,
		.stop_fd = -1,
	};
	int rc = ssh_check_host(args->host, err);

	signal(SIGPIPE, SIG_IGN);
	if (!rc)
		rc = open_agent(&ssh, err);
	if (!rc)
		rc = start(&ssh, err);
	if (!rc)
		rc = get_going(&ssh, err);
	if (rc) {
		err_wrap(err, "ssh %s", args->host);
		tell_client(client, err);
	} else {
		relay.agent.read_fd = ssh.read_fd;
		relay.agent.write_fd = ssh.write_fd;
		rc = relay_run(&relay, err);
	}
	stop(&ssh, !rc);
	if (ssh.agent_fd >= 0)
		close(ssh.agent_fd);
	return rc;
}
