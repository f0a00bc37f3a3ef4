/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usage: scale VAZAO [OPTION]...
 *
 * How one netback serves many guests: 1, 2, 4 ... vifs, each guest sending all
 * that its interface takes (UDP, back-pressure from the ring up to send(2)).
 *
 *   guest i: sender -> eth0 - netfront == rings \
 *                                                netback - vif<i>.0 \
 *   guest k: sender -> eth0 - netfront == rings /                    bridge - sink
 *
 * A row each: vifs, 10^6 bit/s and frames/s that netback carried, Jain's index
 * of fairness over the vifs' frames, the least served vif over the mean, and
 * the memory of netback and of a netfront a vif.
 *
 * Jain's index: stats/fairness.h.
 * Memory: proportional set size (smaps_rollup) without files, so a page that
 * both ends map counts half for each, and the program's own text, which all
 * processes share, not at all; nor does the kernel's memory (TAPs, pipes).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/netdev.h"
#include "lab/cage.h"
#include "lab/links.h"
#include "lab/node.h"
#include "opt/opt.h"
#include "stats/fairness.h"

#define SKIP	      77
#define VIFS_MAX      128
#define PAYLOAD_BYTES 1400
#define SINK_ADDRESS  "10.78.0.1"
#define SINK_PORT     9
#define START_NS      (10 * NS_PER_S)
#define ANSWER_BYTES  (256 * 1024)

struct values {
	const char *vazao, *receive, *output;
	int64_t first, most, measure_ns, settle_ns;
	double jain, least;
	int status;
};

struct guest {
	struct lab_netns *netns;
	pid_t netfront, sender;
	int control_fd;
};

struct bench {
	struct values *values;
	struct lab_netns *driver, *peer;
	struct guest guest[VIFS_MAX];
	int vifs, control_fd, sink_fd;
	pid_t netback;
	char socket_path[64];
};

struct row {
	int vifs;
	double mbps, frames_per_s, jain, least;
	double back_kib, front_kib; /* a vif; -1: not known */
};

/*
 * Starting.
 */

/* A program with a socket to ask it; its number is put behind `option`. */
static int start(struct bench *bench, const struct lab_netns *netns,
		 char **argv, char *option, int *control_fd, pid_t *pid,
		 struct err *err)
{
	int control[2];
	int rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		return err_sys(err, errno, "a socket");
	sprintf(option, "--control-fd=%d", control[1]);
	argv[0] = (char *)bench->values->vazao;
	*control_fd = control[0];
	rc = node_spawn(&(struct node_spawn){ .netns = netns,
					      .argv = argv,
					      .stdin_fd = -1,
					      .stdout_fd = -1,
					      .stderr_fd = -1,
					      .keep_fd = &control[1],
					      .keep_fds = 1 },
			pid, err);
	close(control[1]);
	return rc;
}

/* One line of JSON. */
static int ask(int fd, json_t **answer, struct err *err)
{
	static char text[ANSWER_BYTES];
	int64_t deadline_ns = clock_mono_ns() + START_NS;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t used = 0;

	if (send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return err_set(err, EPIPE, "netfront or netback has ended");
	while (used < sizeof(text) && !memchr(text, '\n', used)) {
		ssize_t n;

		if (poll(&pfd, 1, clock_poll_ms(deadline_ns)) == 0)
			return err_set(err, ETIMEDOUT, "no counters in time");
		n = recv(fd, text + used, sizeof(text) - used, 0);
		if (n <= 0)
			return err_set(err, EPIPE,
				       "netfront or netback has ended");
		used += (size_t)n;
	}
	*answer = json_loadb(text, used, 0, NULL);
	return *answer ? 0 : err_set(err, EPROTO, "counters are no JSON");
}

/* The driver domain with its bridge, and the sink behind it, which reads
 * nothing: what finds no room there is the kernel's to drop. */
static int build_driver(struct bench *bench, struct err *err)
{
	struct sockaddr_in sink = { .sin_family = AF_INET,
				    .sin_port = htons(SINK_PORT) };
	int rc = netns_create(&bench->driver, "driver", err);
	int former;

	if (!rc)
		rc = netns_create(&bench->peer, "peer", err);
	if (!rc)
		rc = link_add_bridge(
			&(struct link_spec){ bench->driver, "xenbr0", NULL },
			err);
	if (!rc)
		rc = link_add_veth(
			&(struct link_spec){ bench->driver, "peth0", NULL },
			&(struct link_spec){ bench->peer, "eth0", NULL }, err);
	if (!rc)
		rc = link_enslave(bench->driver, "peth0", "xenbr0", err);
	if (!rc)
		rc = link_add_address(bench->peer, "eth0", SINK_ADDRESS, 16,
				      err);
	if (rc)
		return rc;
	former = netns_enter(bench->peer, err);
	if (former < 0)
		return former;
	bench->sink_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	netns_leave(former);
	if (bind(bench->sink_fd, (struct sockaddr *)&sink, sizeof(sink)) < 0)
		return err_sys(err, errno, "the sink");
	return 0;
}

static int start_netback(struct bench *bench, struct err *err)
{
	char listen[80], control[32];
	char *argv[] = { NULL,
			 "netback",
			 listen,
			 "--bridge=xenbr0",
			 "--arrival-every=0",
			 control,
			 NULL };

	snprintf(bench->socket_path, sizeof(bench->socket_path),
		 "/tmp/vazao-scale-%d", (int)getpid());
	snprintf(listen, sizeof(listen), "--listen=%s", bench->socket_path);
	return start(bench, bench->driver, argv, control, &bench->control_fd,
		     &bench->netback, err);
}

static int start_netfront(struct bench *bench, struct guest *guest,
			  struct err *err)
{
	char connect[80], receive[40], control[32];
	char *argv[] = { NULL, "netfront", connect, receive, control, NULL };
	json_t *answer = NULL;
	int rc;

	snprintf(connect, sizeof(connect), "--connect=%s", bench->socket_path);
	snprintf(receive, sizeof(receive), "--receive=%s",
		 bench->values->receive);
	rc = start(bench, guest->netns, argv, control, &guest->control_fd,
		   &guest->netfront, err);
	if (!rc) /* it answers once it has connected */
		rc = ask(guest->control_fd, &answer, err);
	json_decref(answer);
	return rc;
}

/* Until killed. */
static void send_forever(const struct lab_netns *netns)
{
	static const char payload[PAYLOAD_BYTES];
	struct sockaddr_in sink = { .sin_family = AF_INET,
				    .sin_port = htons(SINK_PORT) };
	int former = netns_enter(netns, NULL);
	int fd = former < 0 ? -1 : socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, SINK_ADDRESS, &sink.sin_addr);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sink, sizeof(sink)) < 0)
		_exit(1);
	for (;;)
		if (send(fd, payload, sizeof(payload), 0) < 0)
			clock_sleep_ns(NS_PER_MS);
}

static int add_guest(struct bench *bench, struct err *err)
{
	struct guest *guest = &bench->guest[bench->vifs];
	char name[32], address[32];
	int rc;

	snprintf(name, sizeof(name), "guest%d", bench->vifs);
	snprintf(address, sizeof(address), "10.78.1.%d", bench->vifs + 1);
	guest->control_fd = -1;
	rc = netns_create(&guest->netns, name, err);
	if (rc)
		return rc;
	bench->vifs++;
	rc = start_netfront(bench, guest, err);
	if (!rc)
		rc = link_add_address(guest->netns, "eth0", address, 16, err);
	if (!rc)
		rc = netdev_set_up(netns_ioctl_fd(guest->netns), "eth0", true,
				   err);
	return rc ? err_wrap(err, "%s", name) : 0;
}

static int start_senders(struct bench *bench, struct err *err)
{
	for (int i = 0; i < bench->vifs; i++) {
		struct guest *guest = &bench->guest[i];

		guest->sender = fork();
		if (guest->sender == 0)
			send_forever(guest->netns);
		if (guest->sender < 0)
			return err_sys(err, errno, "a sender");
	}
	return 0;
}

static void take_down(struct bench *bench)
{
	for (int i = 0; i < bench->vifs; i++)
		node_kill(&bench->guest[i].sender);
	for (int i = 0; i < bench->vifs; i++) {
		struct guest *guest = &bench->guest[i];

		node_kill(&guest->netfront);
		if (guest->control_fd >= 0)
			close(guest->control_fd);
		netns_close(guest->netns);
	}
	node_kill(&bench->netback);
	unlink(bench->socket_path);
	if (bench->control_fd >= 0)
		close(bench->control_fd);
	if (bench->sink_fd >= 0)
		close(bench->sink_fd);
	netns_close(bench->driver);
	netns_close(bench->peer);
}

/*
 * Measuring.
 */

static double read_pss_kib(pid_t pid)
{
	char path[64], line[128];
	double kib = -1, anonymous = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss_Anon: %lf kB", &anonymous) != 1 &&
		    sscanf(line, "Pss_Shmem: %lf kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib < 0 ? -1 : kib + anonymous;
}

/* "tx_frames" or "tx_bytes" of each vif, in netback's order. */
static int read_vifs(struct bench *bench, const char *name, double *value,
		     const json_t *answer, struct err *err)
{
	const json_t *vifs = json_object_get(answer, "vifs");

	if (json_array_size(vifs) != (size_t)bench->vifs)
		return err_set(err, EIO, "netback has %zu vifs, not %d",
			       json_array_size(vifs), bench->vifs);
	for (size_t i = 0; i < json_array_size(vifs); i++)
		value[i] = (double)json_integer_value(json_object_get(
			json_object_get(json_array_get(vifs, i), "counters"),
			name));
	return 0;
}

static void judge(struct row *row, const double *frames, double seconds)
{
	double sum = 0, least = frames[0];

	for (int i = 0; i < row->vifs; i++) {
		sum += frames[i];
		if (frames[i] < least)
			least = frames[i];
	}
	row->frames_per_s = sum / seconds;
	row->jain = stats_jain(frames, (size_t)row->vifs);
	row->least = sum > 0 ? least * row->vifs / sum : 0;
}

static int measure(struct bench *bench, struct row *row, struct err *err)
{
	double before[VIFS_MAX], after[VIFS_MAX];
	double bytes_before[VIFS_MAX], bytes_after[VIFS_MAX];
	json_t *first = NULL, *last = NULL;
	int64_t start_ns, end_ns;
	int rc;

	clock_sleep_ns(bench->values->settle_ns);
	rc = ask(bench->control_fd, &first, err);
	start_ns = clock_mono_ns();
	if (!rc)
		clock_sleep_ns(bench->values->measure_ns);
	if (!rc)
		rc = ask(bench->control_fd, &last, err);
	end_ns = clock_mono_ns();
	if (!rc)
		rc = read_vifs(bench, "tx_frames", before, first, err);
	if (!rc)
		rc = read_vifs(bench, "tx_frames", after, last, err);
	if (!rc)
		rc = read_vifs(bench, "tx_bytes", bytes_before, first, err);
	if (!rc)
		rc = read_vifs(bench, "tx_bytes", bytes_after, last, err);
	json_decref(first);
	json_decref(last);
	if (rc)
		return rc;
	row->mbps = 0;
	for (int i = 0; i < bench->vifs; i++) {
		after[i] -= before[i];
		row->mbps += (bytes_after[i] - bytes_before[i]) * 8e3 /
			     (double)(end_ns - start_ns);
	}
	judge(row, after, (double)(end_ns - start_ns) / 1e9);
	return 0;
}

static void weigh(const struct bench *bench, double empty_kib, struct row *row)
{
	double back_kib = read_pss_kib(bench->netback), front_kib = 0;

	for (int i = 0; i < bench->vifs; i++)
		front_kib += read_pss_kib(bench->guest[i].netfront);
	row->back_kib = row->front_kib = -1;
	if (empty_kib < 0 || back_kib < 0 || front_kib < 0)
		return;
	row->back_kib = (back_kib - empty_kib) / bench->vifs;
	row->front_kib = front_kib / bench->vifs;
}

static int run_once(struct values *values, int vifs, struct row *row,
		    struct err *err)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	json_t *answer = NULL;
	double empty_kib = -1;
	int rc;

	if (!bench)
		return err_sys(err, ENOMEM, "scale");
	bench->values = values;
	bench->control_fd = bench->sink_fd = -1;
	*row = (struct row){ .vifs = vifs };
	rc = build_driver(bench, err);
	if (!rc)
		rc = start_netback(bench, err);
	if (!rc)
		rc = ask(bench->control_fd, &answer, err);
	json_decref(answer);
	if (!rc)
		empty_kib = read_pss_kib(bench->netback);
	while (!rc && bench->vifs < vifs)
		rc = add_guest(bench, err);
	if (!rc)
		rc = start_senders(bench, err);
	if (!rc)
		rc = measure(bench, row, err);
	if (!rc)
		weigh(bench, empty_kib, row);
	take_down(bench);
	free(bench);
	return rc ? err_wrap(err, "%d vifs", vifs) : 0;
}

/*
 * Telling.
 */

static void print_row(FILE *out, const struct row *row)
{
	fprintf(out, "%4d\t%8.0f\t%9.0f\t%.4f\t%.3f\t", row->vifs, row->mbps,
		row->frames_per_s, row->jain, row->least);
	if (row->back_kib < 0)
		fputs("-\t-\n", out);
	else
		fprintf(out, "%.0f\t%.0f\n", row->back_kib, row->front_kib);
	fflush(out);
}

static void print_head(FILE *out)
{
	fputs("#vifs\t10^6bit/s\tframes/s\tJain\tleast/mean\tnetback KiB/vif\t"
	      "netfront KiB/vif\n",
	      out);
}

static const char script[] =
	"set terminal svg size 640,480 font 'sans,12'\n"
	"set output 'scale.svg'\n"
	"set logscale x 2\n"
	"set xlabel 'vifs through one netback'\n"
	"set xtics (1,2,4,8,16,32,64,128)\n"
	"set grid\n"
	"set multiplot layout 2,1\n"
	"set ylabel '10^6 bit/s, all vifs'\n"
	"set yrange [0:*]\n"
	"plot 'scale.tsv' using 1:2 with linespoints pt 7 notitle\n"
	"set ylabel 'share'\n"
	"set yrange [0:1.05]\n"
	"set key bottom left\n"
	"plot 'scale.tsv' using 1:4 with linespoints pt 7 title \"Jain's "
	"index\", \\\n"
	"     '' using 1:5 with linespoints pt 6 title 'least served vif / "
	"mean'\n"
	"unset multiplot\n";

/* scale.tsv, scale.gp, and scale.svg where there is gnuplot. */
static int draw(const char *dir, const struct row *row, int rows,
		struct err *err)
{
	char *argv[] = { "gnuplot", "scale.gp", NULL };
	pid_t pid = 0;
	FILE *out;

	if (chdir(dir) < 0)
		return err_sys(err, errno, "%s", dir);
	out = fopen("scale.tsv", "w");
	if (!out)
		return err_sys(err, errno, "%s/scale.tsv", dir);
	print_head(out);
	for (int i = 0; i < rows; i++)
		print_row(out, &row[i]);
	fclose(out);
	out = fopen("scale.gp", "w");
	if (!out)
		return err_sys(err, errno, "%s/scale.gp", dir);
	fprintf(out, "set xrange [%g:%g]\n%s", row[0].vifs / 1.1,
		row[rows - 1].vifs * 1.1, script);
	fclose(out);
	if (node_spawn(&(struct node_spawn){ .argv = argv,
					     .stdin_fd = -1,
					     .stdout_fd = -1,
					     .stderr_fd = STDERR_FILENO,
					     .same_session = true },
		       &pid, err))
		return err_wrap(err, "the figure (package gnuplot-nox)");
	waitpid(pid, NULL, 0);
	return 0;
}

static bool is_fair(const struct values *values, const struct row *row)
{
	return row->jain >= values->jain && row->least >= values->least;
}

/* Two seconds may meet what another process does: unfair is what stays so. */
static int run_until_fair(struct values *values, int vifs, struct row *row,
			  struct err *err)
{
	int rc = -EAGAIN;

	for (int i = 0; i < 3 && (i == 0 || (!rc && !is_fair(values, row)));
	     i++) {
		*row = (struct row){ 0 };
		rc = run_once(values, vifs, row, err);
		if (!rc)
			print_row(stdout, row);
	}
	return rc;
}

static int inside(void *arg)
{
	struct values *values = arg;
	struct err err = ERR_INIT;
	struct row row[16] = { 0 };
	int rows = 0, rc = 0, status = 0;

	if (access("/dev/net/tun", R_OK | W_OK) < 0) {
		fprintf(stderr, "scale: /dev/net/tun: %s\n", strerror(errno));
		return SKIP;
	}
	print_head(stdout);
	for (int vifs = (int)values->first; !rc && vifs <= values->most;
	     vifs *= 2) {
		rc = run_until_fair(values, vifs, &row[rows], &err);
		if (rc)
			break;
		status |= !is_fair(values, &row[rows++]);
	}
	if (!rc && values->output)
		rc = draw(values->output, row, rows, &err);
	if (status)
		fprintf(stderr,
			"below what was asked: Jain's index %g, the "
			"least served vif %g of the mean\n",
			values->jain, values->least);
	if (rc)
		fprintf(stderr, "scale: %s\n", err.text);
	return rc == -EACCES ? SKIP : rc ? 1 : status;
}

#define AT(field) offsetof(struct values, field)

/* clang-format off */
static const struct opt_row options[] = {
	{ "from", 0, OPT_COUNT, AT(first), "N", "the fewest vifs (default: 1)" },
	{ "vifs", 'n', OPT_COUNT, AT(most), "N", "the most vifs, 1 to 128 (default: 64)" },
	{ "time", 't', OPT_DURATION, AT(measure_ns), "TIME", "how long each number of vifs is measured (default: 8s)" },
	{ "settle", 0, OPT_DURATION, AT(settle_ns), "TIME", "and before that left alone (default: 2s)" },
	{ "receive", 0, OPT_STRING, AT(receive), "MODE", "netfront's receive mode (default: copy)" },
	{ "jain", 0, OPT_FRACTION, AT(jain), "X", "fail if Jain's index is below (default: 99%)" },
	{ "least", 0, OPT_FRACTION, AT(least), "X", "fail if a vif gets less of the mean (default: 50%)" },
	{ "output", 'o', OPT_STRING, AT(output), "DIR", "write scale.tsv and scale.svg there" },
	{ 0 },
};
/* clang-format on */

static const struct command command = {
	.name = "scale",
	.arguments = "VAZAO",
	.help = "fairness and memory of one netback with many vifs",
	.options = options,
};

int main(int argc, char **argv)
{
	struct values values = { .receive = "copy",
				 .first = 1,
				 .most = 64,
				 .measure_ns = 8 * NS_PER_S,
				 .settle_ns = 2 * NS_PER_S,
				 .jain = 0.99,
				 .least = 0.5 };
	struct err err = ERR_INIT;
	int status = 0, words, rc;
	char **rest;

	rc = opt_parse(options, &values, argc, argv, &rest, &words, &err);
	if (rc || words != 1 || values.first < 1 ||
	    values.most < values.first || values.most > VIFS_MAX) {
		fprintf(stderr, "scale: %s\n", rc ? err.text : "see usage");
		opt_print_usage(stderr, &command);
		return 2;
	}
	values.vazao = rest[0];
	rc = cage_run(inside, &values, &status, &err);
	if (rc)
		fprintf(stderr, "scale: %s\n", err.text);
	return rc == -EPERM ? SKIP : rc ? 1 : status;
}
