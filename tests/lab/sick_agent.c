/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest's agent that can be made ill: vazao-agent with a listener beside it.
 * A datagram to port 2007 says how:
 *
 *   ping    answered with the node's name, else nothing
 *   panic   the kernel panics (sysrq c)
 *   mute    the agent is stopped: the machine lives, and answers nothing
 *   other   a command for the shell, where the guest has one: dom0
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#undef main /* vazao-agent's is guest_main() here */
int guest_main(int argc, char **argv);

#define PORT 2007

static void press_sysrq(char key)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &key, 1) != 1)
		perror("sysrq");
}

/* The agent: the other child of PID 1 that is called as PID 1 is. */
static void stop_agent(void)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], name[32] = "";
		int pid = atoi(e->d_name), parent = 0;
		FILE *in;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		in = pid > 1 ? fopen(path, "re") : NULL;
		if (in &&
		    fscanf(in, "%*d (%31[^)]) %*c %d", name, &parent) == 2 &&
		    parent == 1 && pid != getpid() && strcmp(name, "init") == 0)
			kill(pid, SIGSTOP);
		if (in)
			fclose(in);
	}
	if (d)
		closedir(d);
}

static void run_shell(const char *text)
{
	if (fork() == 0) {
		execl("/usr/bin/busybox", "sh", "-c", text, (char *)NULL);
		_exit(127);
	}
}

static void obey(const char *text)
{
	if (strcmp(text, "panic") == 0)
		press_sysrq('c');
	else if (strcmp(text, "mute") == 0)
		stop_agent();
	else
		run_shell(text);
}

static _Noreturn void listen_for_harm(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
					.sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	const char *name = getenv("vazao_node");
	struct sockaddr_in from;
	char text[256];

	signal(SIGCHLD, SIG_IGN);
	if (bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		_exit(1);
	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, text, sizeof(text) - 1, 0,
				     (struct sockaddr *)&from, &size);

		if (n < 0)
			continue;
		text[n] = '\0';
		if (strcmp(text, "ping") == 0)
			sendto(fd, name, strlen(name), 0,
			       (struct sockaddr *)&from, size);
		else
			obey(text);
	}
}

int main(int argc, char **argv)
{
	if (getpid() == 1 && fork() == 0)
		listen_for_harm();
	return guest_main(argc, argv);
}
