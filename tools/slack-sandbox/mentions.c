#include "mentions.h"

#include "constant.h"

static const char *const names[] = {
#define MENTION(id, name) [MENTION_##id] = (name),
#include "mentions.def"
#undef MENTION
};

static const struct {
	struct str opening;
	enum mention mention;
} openings[] = {
    {CONSTANT_STR("!channel"), MENTION_CHANNEL},
    {CONSTANT_STR("!here"), MENTION_HERE},
    {CONSTANT_STR("!everyone"), MENTION_EVERYONE},
    {CONSTANT_STR("!subteam^"), MENTION_USERGROUP},
    {CONSTANT_STR("@U"), MENTION_USER},
    {CONSTANT_STR("@W"), MENTION_USER},
    {CONSTANT_STR("#C"), MENTION_CHANNEL_LINK},
};

unsigned
mentions_in_text(struct str s)
{
	unsigned bits = 0;
	for (size_t i = 0; i + 1 < s.len; i++) {
		if (s.ptr[i] != '<')
			continue;
		struct str rest = {s.ptr + i + 1, s.len - i - 1};
		if (!memchr(rest.ptr, '>', rest.len))
			return bits;
		for (size_t k = 0; k < COUNT_OF(openings); k++)
			if (str_starts_with(rest, openings[k].opening))
				bits |= 1U << openings[k].mention;
	}
	return bits;
}

static unsigned
mention_of_element(struct str type, const struct json *v)
{
	if (str_eq(type, STR("user")))
		return 1U << MENTION_USER;
	if (str_eq(type, STR("usergroup")))
		return 1U << MENTION_USERGROUP;
	if (str_eq(type, STR("channel")))
		return 1U << MENTION_CHANNEL_LINK;
	if (!str_eq(type, STR("broadcast")))
		return 0;
	struct str range = json_string(v, STR("range"));
	for (unsigned i = MENTION_CHANNEL; i <= MENTION_EVERYONE; i++)
		if (str_eq(range, str_of(names[i])))
			return 1U << i;
	return 0;
}

unsigned
mentions_in_blocks(const struct json *v)
{
	if (!v || (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY))
		return 0;
	unsigned bits = 0;
	struct str type = json_string(v, STR("type"));
	if (str_eq(type, STR("mrkdwn")) || str_eq(type, STR("markdown")))
		bits |= mentions_in_text(json_string(v, STR("text")));
	else
		bits |= mention_of_element(type, v);
	JSON_EACH (child, v)
		bits |= mentions_in_blocks(child);
	return bits;
}

void
mentions_write(struct json_writer *w, unsigned bits)
{
	jw_array(w);
	for (unsigned i = 0; i < MENTION_COUNT; i++)
		if (bits & (1U << i))
			jw_cstr(w, names[i]);
	jw_array_end(w);
}
