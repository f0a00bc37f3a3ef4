/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "xen/grant.h"

#include <errno.h>
#include <stdlib.h>

/* A front that keeps rewriting an entry makes our swap fail: so often at most
 * (Xen gives up after five). */
#define SWAP_TRIES 5

struct pin {
	uint32_t frame; /* as it was when the first pin was set */
	uint16_t readers, writers;
	bool writable;
};

struct grant_view {
	struct grant_view_args args;
	uint32_t pins;
	struct pin pin[];
};

static uint32_t head_of(uint16_t flags, uint16_t domid)
{
	return flags | (uint32_t)domid << 16;
}

static void publish(struct grant_table *table, uint32_t ref, uint32_t frame,
		    uint16_t flags)
{
	struct grant_entry *entry = &table->entry[ref];

	atomic_store_explicit(&entry->frame, frame, memory_order_relaxed);
	/* release: who sees the flags sees the frame */
	atomic_store_explicit(&entry->head, head_of(flags, table->domid),
			      memory_order_release);
}

void grant_give(struct grant_table *table, uint32_t ref, uint32_t frame,
		bool readonly)
{
	publish(table, ref, frame,
		GTF_permit_access | (readonly ? GTF_readonly : 0));
}

void grant_offer(struct grant_table *table, uint32_t ref, uint32_t frame)
{
	publish(table, ref, frame, GTF_accept_transfer);
}

int grant_revoke(struct grant_table *table, uint32_t ref)
{
	_Atomic uint32_t *head = &table->entry[ref].head;
	uint32_t now = atomic_load_explicit(head, memory_order_relaxed);

	/* closes the race with a pin: whichever swap comes first, wins */
	for (int i = 0; i < SWAP_TRIES; i++) {
		if (now & (GTF_reading | GTF_writing))
			return -EBUSY;
		if (atomic_compare_exchange_strong(head, &now, 0))
			return 0;
	}
	return -EBUSY;
}

int grant_take(struct grant_table *table, uint32_t ref, uint32_t *frame)
{
	struct grant_entry *entry = &table->entry[ref];
	uint32_t now = atomic_load_explicit(&entry->head, memory_order_acquire);

	/* not begun: withdraw, unless it begins just now */
	if (!(now & (GTF_transfer_committed | GTF_transfer_completed)) &&
	    atomic_compare_exchange_strong(&entry->head, &now, 0))
		return -ENODATA;
	if (!(now & GTF_transfer_completed))
		return -EBUSY;
	*frame = atomic_load_explicit(&entry->frame, memory_order_relaxed);
	atomic_store_explicit(&entry->head, 0, memory_order_relaxed);
	return 0;
}

int grant_view_open(struct grant_view **view,
		    const struct grant_view_args *args, struct err *err)
{
	*view = calloc(1, sizeof(**view) + args->count * sizeof(struct pin));
	if (!*view)
		return err_sys(err, ENOMEM, "grant table of %u entries",
			       args->count);
	(*view)->args = *args;
	return 0;
}

/* Swaps in `set` if the entry is of this type, ours, and has none of `bar`. */
static int swap_in(struct grant_view *view, uint32_t ref, uint16_t type,
		   uint16_t bar, uint16_t set)
{
	_Atomic uint32_t *head = &view->args.entry[ref].head;
	uint32_t now = atomic_load_explicit(head, memory_order_acquire);

	for (int i = 0; i < SWAP_TRIES; i++) {
		if ((now & GTF_type_mask) != type)
			return GNTST_bad_gntref;
		if (now >> 16 != view->args.domid)
			return GNTST_bad_domain;
		if (now & bar)
			return GNTST_permission_denied;
		if (atomic_compare_exchange_strong(head, &now, now | set))
			return GNTST_okay;
	}
	return GNTST_general_error;
}

static void release(struct grant_view *view, uint32_t ref, uint32_t bits)
{
	atomic_fetch_and_explicit(&view->args.entry[ref].head, ~bits,
				  memory_order_release);
}

static int pin_first(struct grant_view *view, uint32_t ref, bool write)
{
	struct pin *pin = &view->pin[ref];
	uint16_t set = GTF_reading | (write ? GTF_writing : 0);
	uint32_t frame;
	int status = swap_in(view, ref, GTF_permit_access,
			     write ? GTF_readonly : 0, set);

	if (status != GNTST_okay)
		return status;
	frame = atomic_load_explicit(&view->args.entry[ref].frame,
				     memory_order_relaxed);
	if (frame >= view->args.frames)
		status = GNTST_bad_page;
	else if (pin->readers && frame != pin->frame)
		/* altered while pinned: not another frame under one pin */
		status = GNTST_general_error;
	if (status != GNTST_okay) {
		release(view, ref, pin->readers ? GTF_writing : set);
		return status;
	}
	pin->frame = frame;
	pin->writable = write;
	return GNTST_okay;
}

int grant_pin(struct grant_view *view, uint32_t ref, bool write,
	      uint32_t *frame)
{
	struct pin *pin;
	int status;

	if (ref < GRANT_RESERVED || ref >= view->args.count)
		return GNTST_bad_gntref;
	pin = &view->pin[ref];
	if (pin->readers == UINT16_MAX && !view->args.persistent)
		return GNTST_general_error;
	if (!pin->readers || (write && !pin->writable)) {
		status = pin_first(view, ref, write);
		if (status != GNTST_okay)
			return status;
		pin->readers += view->args.persistent && !pin->readers;
	}
	*frame = pin->frame;
	if (view->args.persistent)
		return GNTST_okay;
	pin->readers++;
	pin->writers += write;
	view->pins++;
	return GNTST_okay;
}

void grant_unpin(struct grant_view *view, uint32_t ref, bool write)
{
	struct pin *pin = &view->pin[ref];

	if (view->args.persistent)
		return;
	pin->readers--;
	view->pins--;
	if (write && --pin->writers == 0) {
		pin->writable = false;
		release(view, ref,
			GTF_writing | (pin->readers ? 0 : GTF_reading));
	} else if (!pin->readers) {
		release(view, ref, GTF_reading);
	}
}

int grant_transfer(struct grant_view *view, uint32_t ref, uint32_t give,
		   uint32_t *received)
{
	struct grant_entry *entry;
	int status;

	if (ref < GRANT_RESERVED || ref >= view->args.count)
		return GNTST_bad_gntref;
	status = swap_in(view, ref, GTF_accept_transfer,
			 GTF_transfer_committed | GTF_transfer_completed,
			 GTF_transfer_committed);
	if (status != GNTST_okay)
		return status;
	entry = &view->args.entry[ref];
	*received = atomic_load_explicit(&entry->frame, memory_order_relaxed);
	atomic_store_explicit(&entry->frame, give, memory_order_relaxed);
	/* release: who sees "completed" sees the frame and what is in it */
	atomic_fetch_or_explicit(&entry->head, GTF_transfer_completed,
				 memory_order_release);
	return GNTST_okay;
}

uint32_t grant_view_pins(const struct grant_view *view)
{
	return view->pins;
}

void grant_view_close(struct grant_view *view)
{
	if (!view)
		return;
	for (uint32_t ref = 0; ref < view->args.count; ref++)
		if (view->pin[ref].readers)
			release(view, ref, GTF_reading | GTF_writing);
	free(view);
}
