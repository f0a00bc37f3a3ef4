/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/nic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "lab/nic_inside.h"

#define RUN_DIR	   "/run/vazao"
#define PREFIX	   "nic-"
#define PATIENCE_S 20 /* for an answer: some drivers take seconds */

struct nic_keeper {
	pid_t pid;
	int fd; /* the lab's end */
	int word_fd;
};

/* A request has the descriptor of the namespace that `nic` shall move to. */
struct request {
	char nic[IFNAMSIZ], as[IFNAMSIZ];
};

/*
 * The keeper.
 */

struct kept {
	json_t *record;
	int netns_fd, ifindex; /* where it is */
};

struct keeper_state {
	int fd;
	struct kept kept[2 * NIC_CABLES_MAX];
	int count;
	char path[96]; /* of the notes */
	int notes_fd;
};

static unsigned long long own_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) < 0
		       ? 0
		       : (unsigned long long)st.st_ino;
}

/* Locked while its keeper lives. Without /run there are no notes. */
static void open_notes(struct keeper_state *k)
{
	k->notes_fd = -1;
	if ((mkdir(RUN_DIR, 0700) < 0 && errno != EEXIST) ||
	    access(RUN_DIR, W_OK) < 0)
		return;
	snprintf(k->path, sizeof(k->path), RUN_DIR "/" PREFIX "%llu-%d",
		 own_netns(), (int)getpid());
	k->notes_fd =
		open(k->path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		     0600);
	if (k->notes_fd >= 0)
		flock(k->notes_fd, LOCK_EX | LOCK_NB);
}

static int add_note(const struct keeper_state *k, const json_t *record,
		    struct err *err)
{
	char *text = json_dumps(record, JSON_COMPACT);
	int rc = 0;

	if (!text)
		return err_sys(err, ENOMEM, "notes of an interface");
	if (k->notes_fd >= 0 &&
	    (dprintf(k->notes_fd, "%s\n", text) < 0 ||
	     (fdatasync(k->notes_fd) < 0 && errno != EINVAL && errno != EROFS)))
		rc = err_sys(err, errno, "%s", k->path);
	free(text);
	return rc;
}

/* Its number there, as soon as it is there. */
static int find_there(const struct kept *kept, const char *as, struct err *err)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct nl_sock *nl;
	int ifindex = 0, rc;

	if (home < 0 || setns(kept->netns_fd, CLONE_NEWNET) < 0)
		return err_sys(err, errno, "the lab's namespace");
	rc = nic_open(&nl, err);
	if (!rc) {
		ifindex = nic_find(nl, as);
		nl_socket_free(nl);
	}
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
	return rc ? rc : ifindex;
}

static int move_there(struct kept *kept, const struct request *request,
		      struct err *err)
{
	struct nic_move move = {
		.ifindex = (int)json_integer_value(
			json_object_get(kept->record, "ifindex")),
		.netns_fd = kept->netns_fd,
		.ifname = request->as,
	};
	struct nl_sock *nl;
	int rc = nic_open(&nl, err);

	if (rc)
		return rc;
	rc = nic_move(nl, &move);
	nl_socket_free(nl);
	if (rc)
		return err_set(err, EOPNOTSUPP,
			       "%s: into the lab's namespace: %s", request->nic,
			       nl_geterror(rc));
	rc = find_there(kept, request->as, err);
	if (rc > 0)
		kept->ifindex = rc;
	return rc > 0 ? 0
	       : rc   ? rc
		      : err_set(err, EIO, "%s is lost", request->nic);
}

/* What is moved is kept before: it may be there though an error is told. */
static int take(struct keeper_state *k, const struct request *request,
		int netns_fd, struct err *err)
{
	struct kept *kept = &k->kept[k->count];
	int rc;

	if (k->count == 2 * NIC_CABLES_MAX)
		return err_set(err, E2BIG, "more than %d interfaces",
			       2 * NIC_CABLES_MAX);
	rc = nic_check_one(request->nic, err);
	if (!rc)
		rc = nic_record(request->nic, &kept->record, err);
	if (rc)
		return rc;
	kept->netns_fd = fcntl(netns_fd, F_DUPFD_CLOEXEC, 3);
	rc = kept->netns_fd < 0 ? err_sys(err, errno, "a namespace")
				: add_note(k, kept->record, err);
	if (!rc)
		rc = move_there(kept, request, err);
	k->count += kept->ifindex > 0;
	return rc;
}

/* The last one first. */
static int give_back(struct keeper_state *k, struct err *err)
{
	int first = 0;

	while (k->count > 0) {
		const struct kept *kept = &k->kept[--k->count];
		struct err why = ERR_INIT;
		int rc = nic_return(kept->record, kept->netns_fd, kept->ifindex,
				    &why);

		close(kept->netns_fd);
		json_decref(kept->record);
		if (rc && !first) {
			first = rc;
			*err = why;
		}
		if (rc)
			log_error("giving interfaces back: %s", why.text);
	}
	if (k->notes_fd >= 0 && !first)
		unlink(k->path);
	return first;
}

/* 1 and the descriptor; 0: all of the lab's processes are gone. */
static int read_request(int fd, struct request *request, int *netns_fd)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { request, sizeof(*request) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	ssize_t n;

	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (n != sizeof(*request) || !cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(netns_fd, CMSG_DATA(cmsg), sizeof(int));
	request->nic[IFNAMSIZ - 1] = request->as[IFNAMSIZ - 1] = '\0';
	return 1;
}

static void keep(struct keeper_state *k)
{
	struct request request;
	int netns_fd;

	while (read_request(k->fd, &request, &netns_fd)) {
		struct err answer;

		memset(&answer, 0, sizeof(answer));
		take(k, &request, netns_fd, &answer);
		close(netns_fd);
		if (send(k->fd, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			log_debug("the lab does not listen");
	}
}

/* What others have open here would stay open as long as this lives. */
static void close_others(int fd, int word_fd)
{
	int low = fd < word_fd ? fd : word_fd;
	int high = fd < word_fd ? word_fd : fd;

	if (low > 3)
		close_range(3, (unsigned int)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0U, 0);
}

/* sysfs shows the interfaces of the namespace in which it was mounted. Where
 * it cannot be, what steers an interface is as the lab leaves it. */
static void mount_sysfs(void)
{
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) < 0)
		log_debug("the interfaces' keeper: /sys: %s", strerror(errno));
}

static _Noreturn void be_keeper(int fd, int word_fd)
{
	static const int deaf_to[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE,
				       SIGQUIT };
	struct keeper_state state = { .fd = fd };
	struct err err;

	memset(&err, 0, sizeof(err));
	setsid();
	prctl(PR_SET_NAME, "vazao-nics");
	for (size_t i = 0; i < sizeof(deaf_to) / sizeof(deaf_to[0]); i++)
		signal(deaf_to[i], SIG_IGN);
	close_others(fd, word_fd);
	mount_sysfs();
	open_notes(&state);
	keep(&state);
	give_back(&state, &err);
	if (write(word_fd, &err, sizeof(err)) < 0)
		log_debug("nobody asks how it went");
	_exit(0);
}

/*
 * cmd/, outside the cage.
 */

int nic_keeper_start(struct nic_keeper **keeper, struct err *err)
{
	struct nic_keeper *k = calloc(1, sizeof(*k));
	int pair[2] = { -1, -1 }, word[2] = { -1, -1 };

	if (!k)
		return err_sys(err, ENOMEM, "the interfaces' keeper");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
	    pipe2(word, O_CLOEXEC) < 0)
		goto fail;
	fflush(NULL);
	k->pid = fork();
	if (k->pid < 0)
		goto fail;
	if (k->pid == 0) {
		close(pair[0]);
		close(word[0]);
		be_keeper(pair[1], word[1]);
	}
	close(pair[1]);
	close(word[1]);
	k->fd = pair[0];
	k->word_fd = word[0];
	*keeper = k;
	return 0;
fail:
	err_sys(err, errno, "the interfaces' keeper");
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		if (word[i] >= 0)
			close(word[i]);
	}
	free(k);
	return err ? -err->code : -EIO;
}

int nic_keeper_fd(const struct nic_keeper *keeper)
{
	return keeper ? keeper->fd : -1;
}

int nic_keeper_end(struct nic_keeper *keeper, struct err *err)
{
	struct err told;
	ssize_t n;
	int rc = 0;

	if (!keeper)
		return 0;
	close(keeper->fd);
	do
		n = read(keeper->word_fd, &told, sizeof(told));
	while (n < 0 && errno == EINTR);
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(keeper->word_fd);
	if (n != sizeof(told)) { /* killed */
		rc = nic_leftovers(err);
	} else if (told.code) {
		rc = -told.code;
		*err = told;
	}
	free(keeper);
	return rc ? err_wrap(err, "giving interfaces back") : 0;
}

static int return_line(char *line, struct err *err)
{
	json_t *record = json_loads(line, 0, NULL);
	int rc = record ? nic_return(record, -1, 0, err) : 0;

	json_decref(record);
	return rc;
}

/* Without its end a line was not followed by a move. */
static int return_notes(int fd, struct err *err)
{
	FILE *f = fdopen(dup(fd), "re");
	char *line = NULL;
	size_t size = 0;
	int rc = 0;

	while (f && getline(&line, &size, f) > 0) {
		struct err why = ERR_INIT;

		if (return_line(line, &why) && !rc) {
			rc = -why.code;
			*err = why;
		}
	}
	free(line);
	if (f)
		fclose(f);
	return rc;
}

static int return_leftover(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && access(path, F_OK) == 0) {
		log_warn("putting back what %s tells of", path);
		rc = return_notes(fd, err);
		unlink(path);
	}
	close(fd);
	return rc;
}

int nic_leftovers(struct err *err)
{
	DIR *dir = opendir(RUN_DIR);
	struct dirent *entry;
	char path[512], prefix[64];
	int rc = 0;

	snprintf(prefix, sizeof(prefix), PREFIX "%llu-", own_netns());
	while (dir && (entry = readdir(dir))) {
		struct err why = ERR_INIT;

		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(path, sizeof(path), RUN_DIR "/%s", entry->d_name);
		if (return_leftover(path, &why) && !rc) {
			rc = -why.code;
			*err = why;
		}
	}
	if (dir)
		closedir(dir);
	return rc;
}

/*
 * The lab, inside it.
 */

static int send_request(int fd, const struct request *request, int netns_fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { (void *)request, sizeof(*request) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &netns_fd, sizeof(int));
	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int nic_borrow(int keeper_fd, const char *nic, const struct link_spec *link,
	       struct err *err)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct request request = { .nic = "" };
	struct err answer;
	int rc;

	if (keeper_fd < 0)
		return err_set(err, EINVAL,
			       "%s: nobody is there to give it back", nic);
	snprintf(request.nic, sizeof(request.nic), "%s", nic);
	snprintf(request.as, sizeof(request.as), "%s", link->ifname);
	setsockopt(keeper_fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	rc = send_request(keeper_fd, &request, netns_fd(link->netns));
	if (!rc && recv(keeper_fd, &answer, sizeof(answer), 0) !=
			   (ssize_t)sizeof(answer))
		rc = -ETIMEDOUT;
	if (rc)
		return err_sys(err, -rc, "%s: the interfaces' keeper", nic);
	if (answer.code && err)
		*err = answer;
	return -answer.code;
}
