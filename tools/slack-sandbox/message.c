#include "message.h"

#include "constant.h"
#include "rich_text.h"

const struct str message_person = CONSTANT_STR("U0PERSON");

enum { BLOCK_ID_MAX = 40 };

static const char *
block_id(char id[static BLOCK_ID_MAX], const struct message *m, int attachment, int index)
{
	(void)snprintf(
	    id, BLOCK_ID_MAX, "b%llx.%d.%d", (unsigned long long)m->ts_us, attachment, index);
	return id;
}

/* Slack gives each block without a block_id one of its own. */
static void
write_blocks(
    struct json_writer *w, const struct message *m, const struct json *blocks, int attachment)
{
	char id[BLOCK_ID_MAX];
	int index = 0;
	jw_key(w, "blocks");
	jw_array(w);
	JSON_EACH (block, blocks) {
		jw_object(w);
		JSON_EACH (member, block) {
			jw_keyn(w, member->key);
			jw_value(w, member);
		}
		if (!json_get(block, STR("block_id")))
			jw_kv_cstr(w, "block_id", block_id(id, m, attachment, index));
		index++;
		jw_object_end(w);
	}
	jw_array_end(w);
}

/* What Slack makes of a text that came without blocks. */
static void
write_made_blocks(struct json_writer *w, struct arena *a, const struct reader *reader,
    const struct message *m)
{
	struct mrkdwn mrkdwn = {.arena = a, .reader = *reader};
	struct node *text = node_new(a, NODE_ROOT);
	char id[BLOCK_ID_MAX];
	mrkdwn_read(&mrkdwn, text, m->text);
	jw_key(w, "blocks");
	jw_array(w);
	rich_text_write(w, text, block_id(id, m, 0, 0));
	jw_array_end(w);
}

static void
write_attachment(
    struct json_writer *w, const struct message *m, const struct json *attachment, int number)
{
	jw_object(w);
	jw_kv_int(w, "id", number);
	if (!json_get(attachment, STR("fallback")))
		jw_kv_cstr(w, "fallback", "[no preview available]");
	JSON_EACH (member, attachment) {
		if (str_eq(member->key, STR("blocks")) && member->kind == JSON_ARRAY) {
			write_blocks(w, m, member, number);
		} else if (str_eq(member->key, STR("color")) && member->text.len > 1 &&
			   member->text.ptr[0] == '#') {
			jw_kv_string(w, "color",
			    (struct str){member->text.ptr + 1, member->text.len - 1});
		} else {
			jw_keyn(w, member->key);
			jw_value(w, member);
		}
	}
	jw_object_end(w);
}

static void
write_attachments(struct json_writer *w, const struct message *m)
{
	int number = 1;
	jw_key(w, "attachments");
	jw_array(w);
	JSON_EACH (attachment, m->attachments)
		write_attachment(w, m, attachment, number++);
	jw_array_end(w);
}

static void
write_metadata(struct json_writer *w, const struct message *m)
{
	jw_key(w, "metadata");
	if (m->has_payload) {
		jw_value(w, m->metadata);
		return;
	}
	jw_object(w);
	jw_kv_string(w, "event_type", json_string(m->metadata, STR("event_type")));
	jw_object_end(w);
}

static void
write_bot(struct json_writer *w, const struct message *m)
{
	const struct team *t = m->team;
	struct str username = json_string(m->args, STR("username"));
	jw_kv_string(w, "user", t->user_id);
	jw_kv_string(w, "bot_id", t->bot_id);
	jw_kv_string(w, "app_id", t->app_id);
	if (username.len)
		jw_kv_string(w, "username", username);
	jw_key(w, "bot_profile");
	jw_object(w);
	jw_kv_string(w, "id", t->bot_id);
	jw_kv_string(w, "app_id", t->app_id);
	jw_kv_string(w, "user_id", t->user_id);
	jw_kv_cstr(w, "name", "carillon");
	jw_key(w, "icons");
	jw_object(w);
	jw_kv_cstr(w, "image_36", "https://a.slack-edge.com/80588/img/plugins/app/bot_36.png");
	jw_kv_cstr(w, "image_48", "https://a.slack-edge.com/80588/img/plugins/app/bot_48.png");
	jw_object_end(w);
	jw_kv_bool(w, "deleted", false);
	jw_kv_int(w, "updated", m->ts_us / 1000000);
	jw_kv_string(w, "team_id", t->id);
	jw_object_end(w);
}

static void
write_ts(struct json_writer *w, const char *name, int64_t ts_us)
{
	char ts[TS_TEXT_MAX];
	jw_kv_cstr(w, name, ts_text(ts_us, ts));
}

static void
write_thread(struct json_writer *w, const struct message *m)
{
	if (m->thread_ts_us) {
		write_ts(w, "thread_ts", m->thread_ts_us);
		jw_kv_string(w, "parent_user_id", m->team->user_id);
	}
	if (!m->replies)
		return;
	write_ts(w, "thread_ts", m->ts_us);
	jw_kv_int(w, "reply_count", m->replies);
	jw_kv_int(w, "reply_users_count", 1);
	write_ts(w, "latest_reply", m->latest_reply_us);
	jw_key(w, "reply_users");
	jw_array(w);
	jw_string(w, m->team->user_id);
	jw_array_end(w);
	jw_kv_bool(w, "is_locked", false);
	jw_kv_bool(w, "subscribed", false);
}

/* What remains of a message that was deleted and had replies. */
static void
write_tombstone(struct json_writer *w, const struct message *m)
{
	jw_kv_cstr(w, "subtype", "tombstone");
	jw_kv_cstr(w, "text", "This message was deleted.");
	jw_kv_cstr(w, "user", "USLACKBOT");
	jw_kv_bool(w, "hidden", true);
	write_thread(w, m);
}

static void
write_edited(struct json_writer *w, const struct message *m)
{
	jw_key(w, "edited");
	jw_object(w);
	jw_kv_string(w, "user", m->team->bot_id);
	write_ts(w, "ts", m->edited_us);
	jw_object_end(w);
}

static void
write_content(struct json_writer *w, struct arena *a, const struct reader *reader,
    const struct message *m)
{
	struct str username = json_string(m->args, STR("username"));
	if (m->is_broadcast)
		jw_kv_cstr(w, "subtype", "thread_broadcast");
	else if (username.len)
		jw_kv_cstr(w, "subtype", "bot_message");
	if (m->is_person)
		jw_kv_string(w, "user", message_person);
	else
		write_bot(w, m);
	jw_kv_string(w, "team", m->team->id);
	jw_kv_string(
	    w, "text", m->text.len ? m->text : STR("This content can't be displayed."));
	if (m->edited_us)
		write_edited(w, m);
	write_thread(w, m);
	if (m->blocks && m->blocks->count)
		write_blocks(w, m, m->blocks, 0);
	else if (m->text.len)
		write_made_blocks(w, a, reader, m);
	if (m->attachments && m->attachments->count)
		write_attachments(w, m);
	if (m->metadata)
		write_metadata(w, m);
}

void
message_write(struct json_writer *w, struct arena *a, const struct reader *reader,
    const struct message *m)
{
	jw_object(w);
	jw_kv_cstr(w, "type", "message");
	write_ts(w, "ts", m->ts_us);
	if (m->is_deleted)
		write_tombstone(w, m);
	else
		write_content(w, a, reader, m);
	jw_object_end(w);
}
