/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doctor.h"

#include <stddef.h>

#define UML_LIMIT_MS 4500 /* boots in 1.2 s on a core of its own */

#define MODULE(name, config)                               \
	"modprobe " name ", or a kernel with " config "; " \
	"a guest with Debian's kernel has it"

/* name, group, run, argument, caged, limit (0: the usual), what to say when late; advice */
/* clang-format off */
const struct probe doctor_probes[] = {
	{ "kernel", PROBE_RUN, probe_kernel, NULL, false, 0, NULL, NULL },
	{ "cores", PROBE_RUN, probe_cores, NULL, false, 0, NULL,
	  "with fewer than 4, sender, receiver and the rest share cores: expect wider intervals" },
	{ "memory", PROBE_RUN, probe_memory, NULL, false, 0, NULL,
	  "a guest takes 128 MiB unless the plan says otherwise: free some, or leave guests out" },
	{ "namespaces", PROBE_RUN, probe_namespaces, NULL, true, 0, NULL, NULL },
	{ "rootless", PROBE_RUN, probe_rootless, NULL, false, 0, NULL,
	  "sudo works meanwhile; or sysctl user.max_user_namespaces=10000 (AppArmor may forbid it, too)" },
	{ "TAP", PROBE_RUN, probe_tap, NULL, true, 0, NULL,
	  "modprobe tun; run as root, or chmod 0666 /dev/net/tun; native and dom0 do without" },
	{ "congestion", PROBE_RUN, probe_congestion, NULL, true, 0, NULL,
	  "sysctl net.ipv4.tcp_allowed_congestion_control='reno cubic'" },
	{ "UML", PROBE_RUN, probe_uml, NULL, true, UML_LIMIT_MS,
	  "linux.uml did not boot within 4.5 s",
	  "apt-get install user-mode-linux; it needs ptrace and an executable /tmp" },
	{ "QEMU", PROBE_RUN, probe_program, "qemu-system-x86_64", false, 0, NULL,
	  "apt-get install qemu-system-x86" },
	{ "tcg", PROBE_RUN, probe_accelerator, "tcg", true, 0,
	  "a guest did not boot within 3 s under tcg",
	  "apt-get install qemu-system-x86" },
	{ "KVM", PROBE_RUN, probe_accelerator, "kvm", true, 0,
	  "KVM present but a guest did not boot within 3 s; QEMU paths will use tcg",
	  "tcg works, slower; a KVM inside a virtual machine often runs no ordinary guest" },
	{ "Xen", PROBE_RUN, probe_xen, NULL, false, 0, NULL,
	  "only the plan xen-host needs it: quick-xen and paper-xen emulate a machine with Xen" },
	{ "gnuplot", PROBE_RUN, probe_program, "gnuplot", false, 0, NULL,
	  "apt-get install gnuplot-nox; only `vazao figures` needs it" },

	{ "veth", PROBE_KERNEL, probe_link, "veth", true, 0, NULL,
	  "modprobe veth, or a kernel with CONFIG_VETH; every path needs it" },
	{ "bridge", PROBE_KERNEL, probe_link, "bridge", true, 0, NULL,
	  "modprobe bridge, or a kernel with CONFIG_BRIDGE; dom0 needs it" },
	{ "vlan", PROBE_KERNEL, probe_link, "vlan", true, 0, NULL,
	  MODULE("8021q", "CONFIG_VLAN_8021Q") },
	{ "bonding", PROBE_KERNEL, probe_link, "bond", true, 0, NULL,
	  MODULE("bonding", "CONFIG_BONDING") },
	{ "macvlan", PROBE_KERNEL, probe_link, "macvlan", true, 0, NULL,
	  MODULE("macvlan", "CONFIG_MACVLAN") },
	{ "ipvlan", PROBE_KERNEL, probe_link, "ipvlan", true, 0, NULL,
	  MODULE("ipvlan", "CONFIG_IPVLAN") },
	{ "tbf", PROBE_KERNEL, probe_qdisc, "tbf", true, 0, NULL,
	  "modprobe sch_tbf, or a kernel with CONFIG_NET_SCH_TBF; a plan's `link: {rate: ...}` needs it" },
	{ "netem", PROBE_KERNEL, probe_qdisc, "netem", true, 0, NULL,
	  MODULE("sch_netem", "CONFIG_NET_SCH_NETEM") },
	{ "fq", PROBE_KERNEL, probe_qdisc, "fq", true, 0, NULL,
	  MODULE("sch_fq", "CONFIG_NET_SCH_FQ") },
	{ "nftables", PROBE_KERNEL, probe_nftables, NULL, true, 0, NULL,
	  MODULE("nf_tables", "CONFIG_NF_TABLES") },
	{ "vhost-net", PROBE_KERNEL, probe_vhost, NULL, false, 0, NULL,
	  "modprobe vhost_net, or a kernel with CONFIG_VHOST_NET; QEMU serves the rings itself without" },
	{ "eBPF", PROBE_KERNEL, probe_ebpf, NULL, false, 0, NULL,
	  "run as root, or with CAP_BPF and CAP_PERFMON; explanations do without it" },
	{ "BTF", PROBE_KERNEL, probe_btf, NULL, false, 0, NULL,
	  "a kernel with CONFIG_DEBUG_INFO_BTF; explanations do without it" },
	{ "tracepoints", PROBE_KERNEL, probe_tracepoints, NULL, true, 0, NULL,
	  "run as root, or a kernel with CONFIG_TRACEPOINTS; explanations do without them" },
	{ "profiles", PROBE_KERNEL, probe_profile, NULL, false, 0, NULL,
	  "root, or sysctl kernel.perf_event_paranoid=-1 kernel.kptr_restrict=0" },
	{ "perf counters", PROBE_KERNEL, probe_perf, NULL, false, 0, NULL,
	  "sysctl kernel.perf_event_paranoid=1, or a host that passes its counters on" },

	{ "load", PROBE_NOISE, probe_load, NULL, false, 0, NULL,
	  "wait for it to fall, or end what runs" },
	{ "busy processes", PROBE_NOISE, probe_busy, NULL, false, 0, NULL,
	  "end or pause them while a study runs" },
	{ "steal", PROBE_NOISE, probe_steal, NULL, false, 0, NULL,
	  "the host gives this machine's cores to others: a quieter host, or more blocks (--budget)" },
	{ "governor", PROBE_NOISE, probe_governor, NULL, false, 0, NULL,
	  "cpupower frequency-set -g performance (package linux-cpupower)" },
	{ "turbo", PROBE_NOISE, probe_turbo, NULL, false, 0, NULL,
	  "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo, or echo 0 > .../cpufreq/boost" },
	{ "SMT", PROBE_NOISE, probe_smt, NULL, false, 0, NULL,
	  "echo off > /sys/devices/system/cpu/smt/control" },
	{ "clock", PROBE_NOISE, probe_clock, NULL, false, 0, NULL,
	  "boot with clocksource=tsc where the cores' counters agree" },
	{ NULL, PROBE_GROUPS, NULL, NULL, false, 0, NULL, NULL },
};
/* clang-format on */
