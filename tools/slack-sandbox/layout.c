/* Blocks and attachments of a message together. */
#include "content.h"

#include "blocks.h"
#include "constant.h"

static const struct str beside_blocks[] = {
#define KEY(name) CONSTANT_STR(name),
#include "attachment_keys.def"
#undef KEY
};

static bool
may_stand_beside_blocks(struct str key)
{
	for (size_t i = 0; i < COUNT_OF(beside_blocks); i++)
		if (str_eq(beside_blocks[i], key))
			return true;
	return false;
}

/* Slack says no more of it than this. */
static void
check_keys(struct findings *f, const struct json *attachment)
{
	JSON_EACH (member, attachment) {
		if (may_stand_beside_blocks(member->key))
			continue;
		(void)findings_add(
		    f, CAUSE_ADDITIONAL, STR("invalid_keys"), (struct str){NULL, 0});
		return;
	}
}

/* False if it is no attachment at all. */
static bool
check_attachment(struct findings *f, const struct json *attachment, int index)
{
	char pointer[64];
	const struct json *blocks;
	if (attachment->kind != JSON_OBJECT ||
	    !content_part(f->arena, attachment, "blocks", JSON_ARRAY, &blocks))
		return false;
	if (!blocks || blocks->count == 0)
		return true;
	(void)snprintf(pointer, sizeof pointer, "/attachments/%d/blocks", index);
	check_keys(f, attachment);
	blocks_check(f, blocks, pointer);
	return true;
}

static bool
check_attachments(struct findings *f, const struct json *attachments)
{
	int index = 0;
	JSON_EACH (attachment, attachments)
		if (!check_attachment(f, attachment, index++))
			return false;
	return !f->first;
}

/* Slack counts the text, and something for each block besides the first. */
static bool
is_too_long(const struct findings *f)
{
	size_t others = f->blocks > 1 ? (size_t)f->blocks - 1 : 0;
	return f->text_chars + others * LIMIT_BLOCK_COST > LIMIT_BLOCK_TEXT;
}

const char *
layout_check(struct findings *f, const struct json *blocks, const struct json *attachments)
{
	if (blocks)
		blocks_check(f, blocks, "/blocks");
	if (f->first)
		return "invalid_blocks";
	if (attachments && attachments->count > LIMIT_ATTACHMENTS)
		return "too_many_attachments";
	if (attachments && !check_attachments(f, attachments))
		return "invalid_attachments";
	if (f->tables > 1) {
		(void)findings_add(
		    f, CAUSE_OTHER, STR("only_one_table_allowed"), (struct str){NULL, 0});
		return "invalid_attachments";
	}
	return is_too_long(f) ? "msg_blocks_too_long" : NULL;
}
