/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device's features, all of them, by ioctl(2): base/netdev.h knows those
 * that a study sets. */
#include "lab/nic_inside.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/netdev.h"

#define WORDS_MAX   16
#define STRINGS_MAX (32 * WORDS_MAX)

static int ask(int fd, const char *nic, void *data)
{
	struct ifreq ifr = { .ifr_data = data };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", nic);
	return ioctl(fd, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

struct features {
	struct ethtool_gfeatures head;
	struct ethtool_get_features_block block[WORDS_MAX];
};

static int read_blocks(int fd, const char *nic, struct features *f)
{
	*f = (struct features){ .head = { .cmd = ETHTOOL_GFEATURES,
					  .size = WORDS_MAX } };
	return ask(fd, nic, f);
}

json_t *nic_read_features(int fd, const char *nic)
{
	json_t *words = json_array();
	struct features f;

	if (read_blocks(fd, nic, &f))
		return words;
	for (uint32_t i = 0; i < f.head.size && i < WORDS_MAX; i++)
		json_array_append_new(words,
				      json_integer(f.block[i].requested));
	return words;
}

int nic_write_features(int fd, const char *nic, const json_t *words,
		       struct err *err)
{
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block block[WORDS_MAX];
	} set = { .head = { .cmd = ETHTOOL_SFEATURES } };
	struct features now;
	int rc = read_blocks(fd, nic, &now);

	if (json_array_size(words) == 0)
		return 0; /* it had none to be read */
	if (!rc && now.head.size != json_array_size(words))
		rc = -EINVAL;
	set.head.size = rc ? 0 : now.head.size;
	for (uint32_t i = 0; !rc && i < now.head.size && i < WORDS_MAX; i++) {
		set.block[i].valid =
			now.block[i].available & ~now.block[i].never_changed;
		set.block[i].requested =
			(uint32_t)json_integer_value(json_array_get(words, i));
	}
	if (!rc)
		rc = ask(fd, nic, &set);
	return rc ? err_sys(err, -rc, "%s: its offloads", nic) : 0;
}

/* The number of the feature "netns-local"; -1: this kernel has none. */
static int find_local(int fd, const char *nic)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} set = { .head = { .cmd = ETHTOOL_GSSET_INFO,
			    .sset_mask = 1ULL << ETH_SS_FEATURES } };
	struct ethtool_gstrings *strings;
	int at = -1;

	if (ask(fd, nic, &set) || set.count == 0 || set.count > STRINGS_MAX)
		return -1;
	strings = calloc(1, sizeof(*strings) + set.count * ETH_GSTRING_LEN);
	if (!strings)
		return -1;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = set.count;
	if (ask(fd, nic, strings) == 0)
		for (uint32_t i = 0; i < strings->len; i++)
			if (!strncmp((char *)strings->data +
					     i * ETH_GSTRING_LEN,
				     "netns-local", ETH_GSTRING_LEN))
				at = (int)i;
	free(strings);
	return at;
}

bool nic_is_local(const char *nic)
{
	int fd = netdev_open(NULL);
	struct features f;
	int at;
	bool local = false;

	if (fd < 0)
		return false;
	at = find_local(fd, nic);
	if (at >= 0 && at / 32 < WORDS_MAX && read_blocks(fd, nic, &f) == 0)
		local = f.block[at / 32].active & (UINT32_C(1) << (at % 32));
	close(fd);
	return local;
}
