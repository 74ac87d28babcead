/* The methods about channels. */
#include "api.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MOST = 999 };

void
channel_write(struct json_writer *w, const struct channel *c)
{
	jw_kv_string(w, "id", c->id);
	jw_kv_string(w, "name", c->name);
	jw_kv_string(w, "name_normalized", c->name);
	jw_kv_bool(w, "is_channel", !c->is_private);
	jw_kv_bool(w, "is_group", c->is_private);
	jw_kv_bool(w, "is_im", false);
	jw_kv_bool(w, "is_mpim", false);
	jw_kv_bool(w, "is_private", c->is_private);
	jw_kv_bool(w, "is_archived", c->is_archived);
	jw_kv_bool(w, "is_general", false);
	jw_kv_bool(w, "is_shared", false);
	jw_kv_bool(w, "is_member", c->is_member);
	jw_kv_string(w, "context_team_id", c->team->id);
}

static void
write_channel(struct call *c, const struct channel *channel)
{
	jw_object(&c->out);
	channel_write(&c->out, channel);
	jw_object_end(&c->out);
}

static bool
has_word(struct str list, const char *word)
{
	size_t len = strlen(word);
	while (list.len) {
		const char *comma = memchr(list.ptr, ',', list.len);
		size_t item = comma ? (size_t)(comma - list.ptr) : list.len;
		if (item == len && memcmp(list.ptr, word, len) == 0)
			return true;
		list.ptr += item + (comma ? 1 : 0);
		list.len -= item + (comma ? 1 : 0);
	}
	return false;
}

static size_t
number_of(struct str s, size_t otherwise, size_t most)
{
	size_t n = 0;
	if (s.len == 0 || s.len > 9)
		return otherwise;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return otherwise;
		n = n * 10 + (size_t)(s.ptr[i] - '0');
	}
	return n < most ? n : most;
}

/* A cursor says at which channel to go on: "sandbox:12=". */
static bool
read_cursor(struct call *c, size_t *at)
{
	struct str cursor = call_arg(c, "cursor"), prefix = STR("sandbox:");
	*at = 0;
	if (cursor.len == 0)
		return true;
	if (!str_starts_with(cursor, prefix))
		return call_refuse(c, "invalid_cursor");
	cursor = (struct str){cursor.ptr + prefix.len, cursor.len - prefix.len};
	*at = number_of(cursor, SIZE_MAX, SIZE_MAX);
	return *at != SIZE_MAX || call_refuse(c, "invalid_cursor");
}

struct selection {
	bool public, private, archived;
	size_t limit;
};

static bool
read_selection(struct call *c, struct selection *s)
{
	struct str types = call_arg(c, "types");
	if (types.len == 0)
		types = STR("public_channel");
	s->public = has_word(types, "public_channel");
	s->private = has_word(types, "private_channel");
	s->archived = !call_flag(c, "exclude_archived");
	s->limit = number_of(call_arg(c, "limit"), LIMIT_DEFAULT, LIMIT_MOST);
	if (s->limit == 0)
		return call_refuse(c, "invalid_limit");
	return (!s->public || call_has_scope(c, STR("channels:read"))) &&
	       (!s->private || call_has_scope(c, STR("groups:read")));
}

/* Of the right type, and such that the caller may know of it. */
static bool
is_listed(const struct call *c, const struct selection *s, const struct channel *channel)
{
	if (channel->team != c->caller->team)
		return false;
	return channel->is_private ? s->private && channel->is_member : s->public;
}

/* Slack cuts the page first and leaves out the archived after: pages may be short. */
void
method_conversations_list(struct call *c)
{
	struct selection selection;
	size_t at, listed = 0;
	if (!read_selection(c, &selection) || !read_cursor(c, &at))
		return;
	jw_key(&c->out, "channels");
	jw_array(&c->out);
	const struct channel *channel;
	for (; (channel = world_channel_at(c->sandbox->world, at)); at++) {
		if (!is_listed(c, &selection, channel))
			continue;
		if (listed++ == selection.limit)
			break;
		if (selection.archived || !channel->is_archived)
			write_channel(c, channel);
	}
	jw_array_end(&c->out);
	c->has_cursor = true;
	if (channel)
		c->next_cursor = arena_printf(c->arena, "sandbox:%zu", at);
}

void
method_conversations_info(struct call *c)
{
	if (!call_find_channel(c) ||
	    !call_has_scope(
		c, c->channel->is_private ? STR("groups:read") : STR("channels:read")))
		return;
	jw_key(&c->out, "channel");
	write_channel(c, c->channel);
}

void
method_conversations_join(struct call *c)
{
	if (!call_find_channel(c))
		return;
	if (c->channel->is_private) {
		c->error = "method_not_supported_for_channel_type";
		return;
	}
	if (c->channel->is_archived) {
		c->error = "is_archived";
		return;
	}
	if (c->channel->is_member)
		c->warning = STR("already_in_channel");
	c->channel->is_member = true;
	jw_key(&c->out, "channel");
	write_channel(c, c->channel);
}
