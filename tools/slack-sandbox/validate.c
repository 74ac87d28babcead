/* blocks.validate: whether Slack would take a layout, without sending it. Needs no token. */
#include "api.h"
#include "blocks.h"

/* Everything but what was asked about. */
static bool
read_kind(struct call *c, const char **name)
{
	static const char *const kinds[] = {"blocks", "message", "view"};
	int given = 0;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (!json_get(c->args, str_of(kinds[i])))
			continue;
		*name = kinds[i];
		given++;
	}
	if (given == 1)
		return true;
	return call_refuse_because(c, "invalid_arguments",
	    STR("must provide exactly one of `blocks`, `view`, or `message`"));
}

static bool
refuse_value(struct call *c)
{
	return call_refuse_because(c, "invalid_arguments", STR("must provide valid JSON"));
}

static bool
validate_message(struct call *c, struct findings *f, const struct json *message)
{
	const struct json *blocks, *attachments;
	JSON_EACH (member, message)
		if (!str_eq(member->key, STR("blocks")) &&
		    !str_eq(member->key, STR("attachments")))
			(void)findings_add(f, CAUSE_ADDITIONAL,
			    arena_printf(c->arena, "invalid additional property: %.*s",
				STR_ARG(member->key)),
			    (struct str){NULL, 0});
	if (!content_part(c->arena, message, "blocks", JSON_ARRAY, &blocks) ||
	    !content_part(c->arena, message, "attachments", JSON_ARRAY, &attachments))
		return refuse_value(c);
	if (!f->first)
		(void)layout_check(f, blocks, attachments);
	return !f->first || call_refuse(c, "invalid_message");
}

void
method_blocks_validate(struct call *c)
{
	const char *name = "";
	const struct json *value;
	struct findings f = {.arena = c->arena};
	if (!read_kind(c, &name))
		return;
	bool is_list = str_eq(str_of(name), STR("blocks"));
	if (!content_part(
		c->arena, c->args, name, is_list ? JSON_ARRAY : JSON_OBJECT, &value) ||
	    !value) {
		(void)refuse_value(c);
		return;
	}
	if (is_list)
		blocks_check(&f, value, "");
	else if (!validate_message(c, &f, value) && !f.first)
		return;
	c->findings = f.first;
	c->has_details = true;
	if (f.first && is_list)
		c->error = "invalid_blocks";
}
