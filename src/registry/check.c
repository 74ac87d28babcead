#include "carillon/registry/check.h"

#include "carillon/base/arena.h"
#include "carillon/base/id.h"
#include "carillon/base/suggest.h"
#include "carillon/registry/keys.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/rulebook.h"
#include "carillon/rules/event.h"

enum { PATTERN_MAX = EVENT_TYPE_MAX };

const ProtobufCMessageDescriptor *
registry_type_of(enum state_kind kind)
{
	switch (kind) {
	case STATE_WORKSPACE: return &carillon__v1__workspace__descriptor;
	case STATE_CONNECTION: return &carillon__v1__connection__descriptor;
	case STATE_RULE: return &carillon__v1__rule__descriptor;
	case STATE_TYPE: return &carillon__v1__event_type__descriptor;
	case STATE_REPLAY: return &carillon__v1__replay__descriptor;
	case STATE_KEY: return &carillon__v1__key__descriptor;
	default: break;
	}
	must(kind < STATE_KINDS);
	return NULL;
}

static bool
check_name(const char *name, struct findings *f)
{
	struct str s = str_of(name);

	if (s.len > NAME_MAX_BYTES)
		return findings_about(f, FINDING_TOO_LONG, POINTER_TO("name"),
		    "the name is %zu bytes; the limit is %d", s.len, NAME_MAX_BYTES);
	return str_is_text(s) || findings_about(f, FINDING_BAD_FORM, POINTER_TO("name"),
				     "the name is not UTF-8 text");
}

static bool
check_id(const char *what, const char *id, struct findings *f)
{
	return id_is_record(str_of(id)) ||
	       findings_about(f, FINDING_BAD_FORM, POINTER_TO("id"),
		   "%s id \"%s\": use 1 to %d of " ID_LETTERS, what, id, RECORD_ID_MAX);
}

bool
check_workspace(const workspace_record *w, struct findings *f)
{
	struct str id = str_of(w->id);
	bool ok = true;

	if (!id_is_workspace(id))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("id"),
		    "workspace id \"%.*s\": use 1 to %d of " ID_LETTERS, STR_ARG(id),
		    WORKSPACE_ID_MAX);
	else if (str_eq(id, CATALOGUE_WORKSPACE) || str_eq(id, KEYS_WORKSPACE))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("id"),
		    "workspace id \"%.*s\" is reserved", STR_ARG(id));
	return check_name(w->name, f) && ok;
}

static bool
check_retry(const uint32_t *retry_s, size_t n, struct findings *f)
{
	struct pointer retry = {.name = STR("retry")};
	bool ok = true;

	if (n > RULE_RETRY_STEPS_MAX)
		return findings_about(f, FINDING_TOO_MANY, &retry,
		    "retry: %zu steps; at most %d are allowed", n, RULE_RETRY_STEPS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct pointer step = {.up = &retry, .index = (uint32_t)i};

		if (retry_s[i] > RULE_RETRY_S_MAX)
			ok = findings_about(f, FINDING_OUT_OF_RANGE, &step,
			    "retry: step %zu is %u s; at most %d s (a week) are allowed", i + 1,
			    retry_s[i], RULE_RETRY_S_MAX);
	}
	return ok;
}

static bool
check_channels(const connection_record *c, struct findings *f)
{
	struct pointer channels = {.name = STR("channels")};
	bool ok = true;

	for (size_t i = 0; i < c->n_channels; i++) {
		struct pointer at = {.up = &channels, .index = (uint32_t)i};
		const char *id = c->channels[i]->id;

		if (id[0] == '\0' || strlen(id) > CHANNEL_ID_MAX)
			ok = findings_about(
			    f, FINDING_BAD_FORM, &at, "channel \"%s\" is not a channel id", id);
	}
	return ok;
}

static bool
check_destination(struct str name, struct findings *f)
{
	struct str names[DEST_TYPES_MAX];
	char list[128];

	if (dest_find(name) != NULL)
		return true;
	for (int i = 0; i < dest_count(); i++)
		names[i] = str_of(dest_at(i)->name);
	return findings_about(f, FINDING_UNKNOWN_WORD, POINTER_TO("destination"),
	    "there is no destination type \"%.*s\"; use %s", STR_ARG(name),
	    words_format(list, sizeof(list), names, (size_t)dest_count()));
}

/* Whether it may be asked is for who asks it. */
static bool
check_url(const connection_record *c, struct findings *f)
{
	const struct dest_type *dest = dest_find(str_of(c->dest));
	struct str url = str_of(c->url);
	bool is_visible = true;

	if (dest == NULL || dest->has_own_url != (url.len > 0))
		return dest == NULL ||
		       findings_about(f,
			   dest->has_own_url ? FINDING_MISSING : FINDING_NOT_TOGETHER,
			   POINTER_TO("url"),
			   dest->has_own_url ? "%s needs a \"url\"" : "%s takes no \"url\"",
			   dest->title);
	for (size_t i = 0; i < url.len; i++)
		is_visible = is_visible && url.ptr[i] > ' ' && url.ptr[i] <= '~';
	return (is_visible && url.len <= CONNECTION_URL_MAX) ||
	       findings_about(f, FINDING_BAD_FORM, POINTER_TO("url"),
		   "the url is not 1 to %d visible characters of ASCII", CONNECTION_URL_MAX);
}

bool
check_connection(const connection_record *c, struct findings *f)
{
	bool ok = check_id("connection", c->id, f);

	ok = check_name(c->name, f) && ok;
	ok = check_destination(str_of(c->dest), f) && ok;
	ok = check_channels(c, f) && ok;
	ok = check_url(c, f) && ok;
	return check_retry(c->retry_s, c->n_retry_s, f) && ok;
}

bool
check_key(const key_record *k, struct findings *f)
{
	bool ok = check_id("key", k->id, f);

	return check_name(k->name, f) && key_scopes_check(k, f) && ok;
}

/* --- rules --- */

/* Of a key and how long it counts. */
struct key_option {
	const char *key, *unit;
	struct str member;
	const char *name; /* of the time */
	uint32_t n;
	int most;
};

/* Options of a key without a key would be promises that nobody keeps. */
static bool
check_key_option(const struct key_option *o, const char *key_name, struct findings *f)
{
	struct pointer at = {.name = o->member};

	if (o->key[0] == '\0')
		return o->n == 0 || findings_about(f, FINDING_NOT_TOGETHER, &at,
					"%s: there is no %s; give both", o->name, key_name);
	return (o->n >= 1 && o->n <= (uint32_t)o->most) ||
	       findings_about(f, FINDING_OUT_OF_RANGE, &at, "%s: %u %s; use 1 to %d", o->name,
		   o->n, o->unit, o->most);
}

static bool
check_key_options(const rule_record *r, struct findings *f)
{
	const struct key_option thread = {r->thread_key, "hours", STR("thread_hours"),
	    "thread hours", r->thread_hours, THREAD_HOURS_MAX};
	const struct key_option dedupe = {r->dedupe_key, "minutes", STR("dedupe_minutes"),
	    "dedupe minutes", r->dedupe_minutes, DEDUPE_MINUTES_MAX};
	bool ok = check_key_option(&thread, "thread key", f);

	return check_key_option(&dedupe, "dedupe key", f) && ok;
}

/* A rule that would fail at the first event is refused now, with the place and a suggestion. */
bool
check_rule_text(const rule_record *r, const struct event_type *type,
    const struct dest_type *dest, struct findings *f)
{
	int before = findings_count(f);
	struct arena *a = arena_new(0);
	struct rule rule;

	(void)check_name(r->name, f);
	(void)check_key_options(r, f);
	(void)check_retry(r->retry_s, r->n_retry_s, f);
	rule_compile(a, r, type, dest, &rule, f);
	arena_free(a);
	return findings_count(f) == before;
}

static bool
check_compiles(const rule_record *r, const type_record *type, const struct dest_type *dest,
    struct findings *f)
{
	struct arena *a = arena_new(0);
	bool ok = check_rule_text(r, type ? event_type_compile(a, type) : NULL, dest, f);

	arena_free(a);
	return ok;
}

static bool
check_aim(const rule_record *r, const struct dest_type *dest, struct findings *f)
{
	struct str channel = str_of(r->channel);
	char id[CHANNEL_ID_MAX + 1];
	bool ok = true;

	if (channel.len > 0 && (!dest->channel_of(channel, id) || !str_eq(channel, str_of(id))))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("channel"),
		    "channel \"%.*s\": %s", (int)str_utf8_cut(channel, CHANNEL_ID_MAX),
		    channel.ptr, dest->channel_hint);
	if (r->active && (r->connection[0] == '\0' || r->channel[0] == '\0'))
		ok = findings_about(f, FINDING_MISSING,
		    r->connection[0] == '\0' ? POINTER_TO("connection") : POINTER_TO("channel"),
		    "an active rule needs a connection and a channel");
	return ok;
}

bool
check_rule(const rule_record *r, const type_record *type, const struct dest_type *dest,
    struct findings *f)
{
	struct str pattern = str_of(r->event_type);
	bool ok = check_id("rule", r->id, f);

	if (pattern.len > PATTERN_MAX || !id_is_type_pattern(pattern))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("event_type"),
		    "event type \"%.*s\": use dot-separated words such as alert.triggered; "
		    "\"*\" stands for one word, a last \">\" for the rest",
		    STR_ARG(pattern));
	ok = check_aim(r, dest, f) && ok;
	return check_compiles(r, type, dest, f) && ok;
}

/* --- events --- */

static bool
check_length(const char *text, struct pointer at, struct findings *f)
{
	return strlen(text) <= EVENT_ID_MAX ||
	       findings_about(f, FINDING_TOO_LONG, &at,
		   "resource and resource_id have at most %d bytes", EVENT_ID_MAX);
}

bool
check_event(const event_message *msg, struct findings *f)
{
	size_t size = protobuf_c_message_get_packed_size(&msg->base);
	bool ok = true;

	if (!id_is_event(str_of(msg->id)))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("id"),
		    "the id is not 1 to %d bytes of printable text", EVENT_ID_MAX);
	if (msg->type[0] == '\0')
		ok = findings_about(
		    f, FINDING_MISSING, POINTER_TO("type"), "there is no \"type\"");
	else if (strlen(msg->type) > EVENT_TYPE_MAX || !id_is_event_type(str_of(msg->type)))
		ok = findings_about(f, FINDING_BAD_FORM, POINTER_TO("type"),
		    "event type \"%s\": use dot-separated words of letters, digits, \"_\" and "
		    "\"-\", at most %d bytes",
		    msg->type, EVENT_TYPE_MAX);
	ok = check_length(msg->resource, *POINTER_TO("resource"), f) && ok;
	ok = check_length(msg->resource_id, *POINTER_TO("resource_id"), f) && ok;
	if (size > EVENT_BYTES_MAX)
		ok = findings_about(f, FINDING_TOO_LONG, POINTER_TO("payload"),
		    "the event is %zu bytes; the limit is %d", size, EVENT_BYTES_MAX);
	return ok;
}
