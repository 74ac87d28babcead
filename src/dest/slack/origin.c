/*
 * Where a block of a message comes from, and so which part of the rule's template a complaint
 * of Slack's is about. Blocks and elements whose text came out empty were left out, so the
 * places in the message are not those of the template.
 */
#include "message_template.h"

void
composer_note_block(struct composer *c, unsigned first, uint32_t kept)
{
	struct slack_body *b = c->out;
	must(b->n_origins < c->template->most_blocks + MESSAGE_ADDED_BLOCKS);
	b->origins[b->n_origins++] = (struct block_origin){first, kept};
}

static bool
take(struct str *at, struct str words)
{
	if (!str_starts_with(*at, words))
		return false;
	*at = (struct str){at->ptr + words.len, at->len - words.len};
	return true;
}

/* "/12", of three digits at most. */
static bool
take_index(struct str *at, unsigned *out)
{
	size_t n = 1;
	if (at->len < 2 || at->ptr[0] != '/')
		return false;
	for (*out = 0; n < at->len && n <= 3 && at->ptr[n] >= '0' && at->ptr[n] <= '9'; n++)
		*out = *out * 10 + (unsigned)(at->ptr[n] - '0');
	*at = (struct str){at->ptr + n, at->len - n};
	return n > 1;
}

/* The place in the template of the n-th element that was kept; false if there are fewer. */
static bool
nth_kept(uint32_t kept, unsigned n, unsigned *out)
{
	for (unsigned i = 0; i < 32; i++)
		if (kept >> i & 1 && n-- == 0) {
			*out = i;
			return true;
		}
	return false;
}

/* A pointer into the template's own document: as Slack's, with the places of the template. */
static void
pointer_in_document(const struct block_origin *o, struct str at, char *out, size_t size)
{
	struct str list =
	    str_starts_with(at, STR("/fields")) ? STR("/fields") : STR("/elements");
	struct str rest = at;
	unsigned shown, written;
	if (!take(&rest, list) || !take_index(&rest, &shown))
		snprintf(out, size, "/blocks/%u%.*s", o->first, STR_ARG(at));
	else if (nth_kept(o->kept, shown, &written))
		snprintf(out, size, "/blocks/%u%.*s/%u%.*s", o->first, STR_ARG(list), written,
		    STR_ARG(rest));
	else
		snprintf(out, size, "/blocks/%u", o->first);
}

void
slack_slot_of(const struct slack_body *b, struct str pointer, char *out, size_t size)
{
	struct str at = pointer;
	unsigned block, element = 0, slot = 0;
	out[0] = '\0';
	if (str_eq(pointer, STR("/text")))
		snprintf(out, size, "%s", slot_types[SLOT_TEXT].name);
	const unsigned before =
	    take(&at, STR("/attachments/0")) ? (unsigned)b->n_lead : 0; /* on top */
	if (!take(&at, STR("/blocks")) || !take_index(&at, &block))
		return;
	block += before;
	if (block >= (unsigned)b->n_origins || b->origins[block].first == SLOTS)
		return;
	const struct block_origin *o = &b->origins[block];
	if (b->is_document) {
		pointer_in_document(o, at, out, size);
		return;
	}
	if (take(&at, STR("/elements")))
		(void)take_index(&at, &element);
	if (nth_kept(o->kept, element, &slot) && o->first + slot < SLOTS)
		snprintf(out, size, "%s", slot_types[o->first + slot].name);
}
