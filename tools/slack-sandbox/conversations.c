/* The methods about channels. */
#include "api.h"
#include "message.h"

enum {
	LIMIT_DEFAULT = 100,
	LIMIT_MOST = 999,
	PAGE_MOST = 250, /* a page is cut at this many, whatever was asked for */
};

static void
write_states(struct json_writer *w, const struct channel *c)
{
	const char *name, *member;
	for (size_t i = 0; channel_state_at(i, &name, &member); i++)
		if (member[0])
			jw_kv_bool(w, member, c->states & (1U << i));
}

static void
write_names(struct json_writer *w, const struct channel *c)
{
	jw_key(w, "previous_names");
	jw_array(w);
	if (c->earlier_name.len)
		jw_string(w, c->earlier_name);
	jw_array_end(w);
	jw_key(w, "shared_team_ids");
	jw_array(w);
	jw_string(w, c->team->id);
	jw_array_end(w);
	jw_key(w, "pending_shared");
	jw_array(w);
	jw_array_end(w);
}

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
	jw_kv_int(w, "created", c->created_s);
	jw_kv_bool(w, "is_archived", c->is_archived);
	jw_kv_bool(w, "is_general", false);
	jw_kv_int(w, "unlinked", 0);
	jw_kv_bool(w, "is_shared", c->states & STATE_EXT_SHARED);
	jw_kv_bool(w, "is_org_shared", false);
	jw_kv_bool(w, "is_pending_ext_shared", false);
	write_states(w, c);
	jw_kv_string(w, "context_team_id", c->team->id);
	jw_kv_string(w, "creator", message_person);
	jw_kv_bool(w, "is_member", c->is_member);
	jw_kv_int(w, "updated", c->created_s * 1000);
	write_names(w, c);
}

static void
write_channel(struct call *c, const struct channel *channel)
{
	jw_object(&c->out);
	channel_write(&c->out, channel);
	jw_object_end(&c->out);
}

/* A cursor says at which channel to go on: "sandbox:12". */
static bool
read_cursor(struct call *c, size_t *at)
{
	struct str cursor = call_arg(c, "cursor"), prefix = STR("sandbox:");
	*at = 0;
	if (cursor.len == 0)
		return true;
	if (!str_starts_with(cursor, prefix) || cursor.len - prefix.len > 9)
		return call_refuse(c, "invalid_cursor");
	for (size_t i = prefix.len; i < cursor.len; i++) {
		if (cursor.ptr[i] < '0' || cursor.ptr[i] > '9')
			return call_refuse(c, "invalid_cursor");
		*at = *at * 10 + (size_t)(cursor.ptr[i] - '0');
	}
	return true;
}

struct selection {
	bool public, private, archived;
	size_t limit;
};

/* Takes one of the types; false if there is no such type. */
static bool
read_type(struct selection *s, struct str type)
{
	if (str_eq(type, STR("public_channel")))
		s->public = true;
	else if (str_eq(type, STR("private_channel")))
		s->private = true;
	else
		return str_eq(type, STR("im")) || str_eq(type, STR("mpim"));
	return true;
}

static bool
read_types(struct call *c, struct selection *s)
{
	struct str types = call_arg(c, "types");
	if (types.len == 0)
		types = STR("public_channel");
	while (types.len) {
		const char *comma = memchr(types.ptr, ',', types.len);
		size_t len = comma ? (size_t)(comma - types.ptr) : types.len;
		if (!read_type(s, (struct str){types.ptr, len}))
			return call_refuse(c, "invalid_types");
		types.ptr += len + (comma ? 1 : 0);
		types.len -= len + (comma ? 1 : 0);
	}
	return true;
}

static bool
read_selection(struct call *c, struct selection *s)
{
	*s = (struct selection){.archived = !call_flag(c, "exclude_archived")};
	if (!read_types(c, s))
		return false;
	if (!call_number(c, "limit", LIMIT_DEFAULT, LIMIT_MOST, &s->limit))
		return call_refuse(c, "invalid_limit");
	if (s->limit > PAGE_MOST)
		s->limit = PAGE_MOST;
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
static void
list_channels(struct call *c, bool only_joined)
{
	struct selection selection;
	size_t at, listed = 0;
	if (!read_selection(c, &selection) || !read_cursor(c, &at))
		return;
	jw_key(&c->out, "channels");
	jw_array(&c->out);
	const struct channel *channel;
	for (; (channel = world_channel_at(c->sandbox->world, at)); at++) {
		if (!is_listed(c, &selection, channel) || (only_joined && !channel->is_member))
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
method_conversations_list(struct call *c)
{
	list_channels(c, false);
}

void
method_users_conversations(struct call *c)
{
	list_channels(c, true);
}

static bool
may_look(struct call *c)
{
	if (!call_find_channel(c) ||
	    !call_has_scope(
		c, c->channel->is_private ? STR("groups:read") : STR("channels:read")))
		return false;
	return !(c->channel->states & STATE_LIMITED) ||
	       call_refuse(c, "channel_is_limited_access");
}

void
method_conversations_members(struct call *c)
{
	if (!may_look(c))
		return;
	jw_key(&c->out, "members");
	jw_array(&c->out);
	jw_string(&c->out, message_person);
	if (c->channel->is_member)
		jw_string(&c->out, c->channel->team->user_id);
	jw_array_end(&c->out);
	c->has_cursor = true;
}

void
method_conversations_info(struct call *c)
{
	if (!may_look(c))
		return;
	jw_key(&c->out, "channel");
	jw_object(&c->out);
	channel_write(&c->out, c->channel);
	if (call_flag(c, "include_num_members"))
		jw_kv_int(&c->out, "num_members", c->channel->is_member ? 2 : 1);
	jw_object_end(&c->out);
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
		c->warnings |= WARNING_ALREADY_IN;
	c->channel->is_member = true;
	jw_key(&c->out, "channel");
	write_channel(c, c->channel);
}
