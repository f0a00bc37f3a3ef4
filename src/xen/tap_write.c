/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/tap_write.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

static_assert(offsetof(struct tap_frame, header) ==
		      offsetof(struct tap_frame, vnet) +
			      sizeof(struct virtio_net_hdr),
	      "sent as one piece");

int tap_merge_parse(const char *name, enum tap_merge *merge, struct err *err)
{
	static const char *const names[] = { "auto", "on", "off" };

	for (int i = 0; i < 3; i++) {
		if (strcmp(name, names[i]) == 0) {
			*merge = (enum tap_merge)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "aggregate '%s' is not auto, on or off",
		       name);
}

static size_t tag_bytes(const struct tap_frame *frame)
{
	return frame->vlan ? TAP_TAG_BYTES : 0;
}

/* Behind the two addresses; priority 0. */
static void insert_tag(struct tap_frame *frame)
{
	uint8_t *tag = frame->header + 2 * ETH_ALEN;

	memmove(tag + TAP_TAG_BYTES, tag, frame->header_bytes - 2 * ETH_ALEN);
	tag[0] = ETH_P_8021Q >> 8;
	tag[1] = ETH_P_8021Q & 0xff;
	tag[2] = (uint8_t)(frame->vlan >> 8);
	tag[3] = (uint8_t)frame->vlan;
	frame->header_bytes += TAP_TAG_BYTES;
	frame->bytes += TAP_TAG_BYTES;
}

bool tap_frame_was_tagged(const struct tap_frame *frame)
{
	const uint8_t *type = frame->header + 2 * ETH_ALEN + TAP_TAG_BYTES;

	switch (type[0] << 8 | type[1]) {
	case ETH_P_8021Q:
	case ETH_P_8021AD:
	case ETH_P_QINQ1:
	case ETH_P_QINQ2:
	case ETH_P_QINQ3:
		return true;
	default:
		return false;
	}
}

static void copy_header(struct tap_frame *frame, const struct iovec *piece,
			int pieces)
{
	const size_t room = sizeof(frame->header) - tag_bytes(frame);

	frame->header_bytes = 0;
	frame->bytes = 0;
	for (int i = 0; i < pieces; i++) {
		size_t want = room - frame->header_bytes;
		size_t n = piece[i].iov_len < want ? piece[i].iov_len : want;

		memcpy(frame->header + frame->header_bytes, piece[i].iov_base,
		       n);
		frame->header_bytes += n;
		frame->bytes += (uint32_t)piece[i].iov_len;
	}
	if (frame->vlan)
		insert_tag(frame);
}

/* Adjacent pieces become one: a large frame is two or three, not eighteen. */
static void add_piece(struct tap_frame *frame, uint8_t *base, size_t bytes)
{
	struct iovec *last = &frame->iov[frame->iovs - 1];

	if (!bytes)
		return;
	if (frame->iovs > 1 &&
	    (uint8_t *)last->iov_base + last->iov_len == base)
		last->iov_len += bytes;
	else
		frame->iov[frame->iovs++] = (struct iovec){ base, bytes };
}

void tap_frame_gather(struct tap_frame *frame, const struct iovec *piece,
		      int pieces, bool copy, bool merge)
{
	size_t head, skip;

	copy_header(frame, piece, pieces);
	frame->joinable = merge && !frame->offload.gso_type &&
			  aggregate_find(frame->header, frame->header_bytes,
					 frame->bytes, &frame->segment);
	/* its headers may have to change; its payload need not be copied */
	if (frame->joinable)
		frame->header_bytes = frame->segment.payload;
	head = copy || frame->joinable || frame->vlan ? frame->header_bytes : 0;
	skip = head ? head - tag_bytes(frame) : 0;
	frame->iov[0] =
		(struct iovec){ &frame->vnet, sizeof(frame->vnet) + head };
	frame->iovs = 1;
	for (int i = 0; i < pieces; i++) {
		size_t past = piece[i].iov_len < skip ? piece[i].iov_len : skip;

		add_piece(frame, (uint8_t *)piece[i].iov_base + past,
			  piece[i].iov_len - past);
		skip -= past;
	}
}

static int write_all(int fd, const struct iovec *iov, int iovs)
{
	ssize_t n;

	/* a TAP takes a frame whole or not at all */
	do
		n = writev(fd, iov, iovs);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int write_one(struct tap_writer *writer, struct tap_frame *frame)
{
	if (!offload_to_vnet(&frame->offload, frame->header,
			     frame->header_bytes, &frame->vnet)) {
		frame->result = -EPROTO;
		return 0;
	}
	frame->result = write_all(writer->fd, frame->iov, frame->iovs);
	return frame->result == -EAGAIN ? -EAGAIN : 0;
}

static int write_merged(struct tap_writer *writer)
{
	struct aggregate closed = writer->aggregate;
	struct {
		struct virtio_net_hdr vnet;
		uint8_t header[OFFLOAD_HEADER_BYTES];
	} lead;
	int rc;

	aggregate_end(&closed, &lead.vnet);
	memcpy(lead.header, closed.header, closed.first.payload);
	writer->iov[0] = (struct iovec){ &lead, sizeof(lead.vnet) +
							closed.first.payload };
	rc = write_all(writer->fd, writer->iov, writer->iovs);
	if (rc == -EAGAIN)
		return rc;
	for (int i = 0; i < writer->members; i++)
		writer->member[i]->result = rc;
	if (!rc)
		writer->aggregated += (uint64_t)writer->members;
	return 0;
}

int tap_writer_flush(struct tap_writer *writer)
{
	int rc;

	if (!writer->members)
		return 0;
	rc = writer->members == 1 ? write_one(writer, writer->member[0])
				  : write_merged(writer);
	if (!rc)
		writer->members = 0;
	return rc;
}

static void add_member(struct tap_writer *writer, struct tap_frame *frame)
{
	/* all but the headers */
	memcpy(writer->iov + writer->iovs, frame->iov + 1,
	       (size_t)(frame->iovs - 1) * sizeof(frame->iov[0]));
	writer->iovs += frame->iovs - 1;
	writer->member[writer->members++] = frame;
	frame->result = -EINPROGRESS;
}

static bool may_join(const struct tap_frame *frame)
{
	if (!frame->joinable)
		return false;
	if (frame->offload.csum_blank || frame->offload.data_validated)
		return true;
	/* a wrong checksum must stay one */
	return aggregate_checks_out(frame->iov + 1, frame->iovs - 1,
				    frame->header, &frame->segment);
}

static bool has_room(const struct tap_writer *writer,
		     const struct tap_frame *frame)
{
	return writer->iovs + frame->iovs <=
	       (int)(sizeof(writer->iov) / sizeof(writer->iov[0]));
}

int tap_writer_put(struct tap_writer *writer, struct tap_frame *frame)
{
	int rc = 0;

	if (!writer->merge || !may_join(frame)) {
		rc = tap_writer_flush(writer);
		return rc ? rc : write_one(writer, frame);
	}
	if (writer->members && has_room(writer, frame) &&
	    aggregate_join(&writer->aggregate, frame->header,
			   &frame->segment)) {
		add_member(writer, frame);
		/* full: now or, where the TAP is, with the next one */
		if (writer->aggregate.last)
			tap_writer_flush(writer);
		return 0;
	}
	rc = tap_writer_flush(writer);
	if (rc)
		return rc;
	aggregate_begin(&writer->aggregate, frame->header, &frame->segment);
	writer->iovs = 1;
	add_member(writer, frame);
	return 0;
}
