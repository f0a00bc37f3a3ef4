/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two nodes of a probe: opened, named, and the way between them found. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cmd/probe.h"

#define CONNECT_NS (10 * NS_PER_S)
#define HELLO_NS   (8 * NS_PER_S)
/* ssh has to log in, and may have to send the agent's file. */
#define SSH_HELLO_NS (70 * NS_PER_S)
#define CALL_NS	     (10 * NS_PER_S)

static int open_netns(struct probe_node *node, const char *name,
		      struct err *err)
{
	char path[256];
	int fd, rc;

	snprintf(path, sizeof(path), strchr(name, '/') ? "%s" : "/run/netns/%s",
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "network namespace %s", path);
	rc = remote_here(&node->remote, fd, err);
	close(fd);
	return rc;
}

static const char *ssh_host(const char *spec)
{
	if (strncmp(spec, "ssh://", 6) == 0)
		return spec; /* ssh(1) takes it so */
	return strncmp(spec, "ssh:", 4) == 0 ? spec + 4 : NULL;
}

static int open_stream(struct probe_node *node,
		       const struct probe_nodes_args *args, struct key *key,
		       int64_t *hello_ns, struct err *err)
{
	const char *host = ssh_host(node->spec);

	*hello_ns = HELLO_NS;
	if (strcmp(node->spec, "here") == 0)
		return remote_here(&node->remote, -1, err);
	if (strncmp(node->spec, "netns:", 6) == 0)
		return open_netns(node, node->spec + 6, err);
	if (!host)
		return remote_connect(&node->remote, node->spec, key,
				      CONNECT_NS, err);
	*hello_ns = SSH_HELLO_NS;
	return remote_ssh(&node->remote, host, args->agent_path, err);
}

static int open_node(struct probe_node *node, const char *spec,
		     const struct probe_nodes_args *args, struct err *err)
{
	struct key key;
	int64_t hello_ns;
	int rc = 0;

	node->spec = spec;
	snprintf(node->name, sizeof(node->name), "%s", spec);
	if (args->key_path)
		rc = key_read(args->key_path, &key, err);
	if (!rc)
		rc = open_stream(node, args, args->key_path ? &key : NULL,
				 &hello_ns, err);
	if (rc)
		return rc;
	rc = agent_attach(&node->agent, node->name, node->remote.fd,
			  node->remote.fd, hello_ns, err);
	if (rc && node->remote.address[0] && !args->key_path)
		err_set(err, -rc,
			"%s: no agent spoke there; if it was started with "
			"--key, give --key FILE, too",
			spec);
	return rc;
}

void probe_close_node(struct probe_node *node)
{
	agent_detach(node->agent);
	node->agent = NULL;
	remote_end(&node->remote);
}

/*
 * The way. M1 connects to M2's address:
 *   as given; or as we reached M2 over TCP; or where sshd there was reached;
 *   or, in a namespace, its own first address
 */

static void copy_text(const json_t *json, const char *key, char *buf,
		      size_t size)
{
	const char *text = json_string_value(json_object_get(json, key));

	snprintf(buf, size, "%s", text ? text : "");
}

static bool is_wanted(const char *address, const struct probe_nodes_args *args)
{
	return *address && (args->any_family ||
			    (strchr(address, ':') != NULL) == args->ipv6);
}

/* As M2 is asked for what it has. */
static void take_address(struct probe_node *m2, const json_t *reply,
			 const struct probe_nodes_args *args)
{
	if (ssh_host(m2->spec))
		copy_text(reply, "ssh_server", m2->address,
			  sizeof(m2->address));
	if (!is_wanted(m2->address, args))
		copy_text(reply, "first_address", m2->address,
			  sizeof(m2->address));
}

static int find_address(struct probe_node *m2,
			const struct probe_nodes_args *args, struct err *err)
{
	json_t *reply;
	int rc;

	if (args->address && !is_wanted(args->address, args))
		return err_set(err, EINVAL, "--address %s with --family %s",
			       args->address, args->ipv6 ? "ipv6" : "ipv4");
	if (args->address || is_wanted(m2->remote.address, args)) {
		snprintf(m2->address, sizeof(m2->address), "%s",
			 args->address ? args->address : m2->remote.address);
		return 0;
	}
	rc = agent_call(m2->agent, "route_get",
			json_pack("{sb}", "ipv6", args->ipv6), CALL_NS, &reply,
			err);
	if (rc)
		return rc;
	take_address(m2, reply, args);
	json_decref(reply);
	if (is_wanted(m2->address, args))
		return 0;
	return err_set(err, EADDRNOTAVAIL,
		       "%s: its %saddress is not known; give --address ADDR",
		       m2->name, args->ipv6 ? "IPv6 " : "");
}

static int find_way(struct probe_node *node, const char *to, struct err *err)
{
	int64_t mtu = 0;
	json_t *reply;
	int rc = agent_call(node->agent, "route_get",
			    json_pack("{ss}", "address", to), CALL_NS, &reply,
			    err);

	if (rc)
		return rc;
	copy_text(reply, "ifname", node->ifname, sizeof(node->ifname));
	copy_text(reply, "boot_id", node->boot_id, sizeof(node->boot_id));
	if (!node->address[0])
		copy_text(reply, "address", node->address,
			  sizeof(node->address));
	json_get_int(reply, "mtu", &mtu, NULL);
	node->mtu = (int)mtu;
	json_decref(reply);
	return 0;
}

/* Behind address translation M2 does not have the address that M1 reaches: it
 * listens on all of its own then. The token keeps strangers out. */
static void choose_listen(struct probe_node *m2, const char *own)
{
	bool ipv6 = strchr(m2->address, ':');

	if (strcmp(own, m2->address) == 0)
		snprintf(m2->listen, sizeof(m2->listen), "%s", own);
	else
		snprintf(m2->listen, sizeof(m2->listen), "%s",
			 ipv6 ? "::" : "0.0.0.0");
}

/* M2's own address towards M1, and what M2 says of itself. */
static int look_back(struct probe_node *m1, struct probe_node *m2,
		     struct err *err)
{
	struct probe_node seen = *m2;
	int rc;

	seen.address[0] = '\0';
	rc = find_way(&seen, m1->address, err);
	if (rc)
		return rc;
	memcpy(m2->ifname, seen.ifname, sizeof(m2->ifname));
	memcpy(m2->boot_id, seen.boot_id, sizeof(m2->boot_id));
	m2->mtu = seen.mtu;
	choose_listen(m2, seen.address);
	return 0;
}

int probe_open_nodes(struct probe_node *m1, struct probe_node *m2,
		     const struct probe_nodes_args *args, struct err *err)
{
	int rc = open_node(m1, args->from, args, err);

	if (!rc)
		rc = open_node(m2, args->to, args, err);
	if (!rc)
		rc = find_address(m2, args, err);
	if (!rc)
		rc = find_way(m1, m2->address, err);
	return rc ? rc : look_back(m1, m2, err);
}
