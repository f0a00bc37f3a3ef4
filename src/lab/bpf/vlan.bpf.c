// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * VLANs of one trunk without the kernel's 8021q: where a frame that comes in
 * by the trunk belongs, and the tag for what goes out by a VLAN's interface.
 * Loaded once for each trunk by vlan_ebpf.c, which fills the maps.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define VLANS	4096
#define ID_MASK 0xfff

/* A VLAN's id: its interface's index; 0: there is none. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VLANS);
	__type(key, __u32);
	__type(value, __u32);
} inward SEC(".maps");

/* A VLAN's interface: the VLAN's id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u32);
} outward SEC(".maps");

/* Written once, before the first frame. */
__u32 trunk_ifindex;

/*
 * At the trunk, on the way in. The kernel has put the outer tag beside the
 * frame already. Untagged frames are the trunk's own; those of a VLAN that is
 * not here, priority tags and 802.1ad are nobody's.
 */
SEC("tc")
int vlan_in(struct __sk_buff *skb)
{
	__u32 id, *ifindex;

	if (!skb->vlan_present)
		return TC_ACT_OK;
	id = skb->vlan_tci & ID_MASK;
	ifindex = bpf_map_lookup_elem(&inward, &id);
	if (!ifindex || !*ifindex ||
	    skb->vlan_proto != bpf_htons(ETH_P_8021Q) || bpf_skb_vlan_pop(skb))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(*ifindex, BPF_F_INGRESS);
}

/* At a VLAN's interface, on the way out; priority 0. */
SEC("tc")
int vlan_out(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	__u32 *id = bpf_map_lookup_elem(&outward, &ifindex);

	if (!id || bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), (__u16)*id))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(trunk_ifindex, 0);
}
