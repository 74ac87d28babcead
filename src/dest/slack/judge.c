#include "judge.h"
#include "scrub.h"

#include <ctype.h>

#include "carillon/base/arena.h"
#include "carillon/base/json.h"

#include "render.h"
#include "request.h"

static const struct meaning {
	enum outcome_code code;
	enum verdict verdict;
	enum repair repair;
	bool ambiguous, lane_fault;
} meanings[] = {
#define SLACK_CLASS(NAME, OUTCOME, VERDICT, REPAIR, ambiguous, lane_fault) \
	[SLACK_##NAME] = {                                                 \
	    OUTCOME_##OUTCOME, VERDICT_##VERDICT, REPAIR_##REPAIR, ambiguous, lane_fault},
#include "classes.def"
#undef SLACK_CLASS
};

static const struct slack_error {
	const char *code;
	enum slack_class class;
	enum repair repair;
	const char *sentence, *action;
} errors[] = {
#define SLACK_ERROR(code, CLASS, REPAIR, sentence, action) \
	{code, SLACK_##CLASS, REPAIR_##REPAIR, sentence, action},
#include "errors.def"
#undef SLACK_ERROR
};

/* An echoed answer of the longest message needs some 60 KB of tree. */
enum { TREE_MAX = 4 << 20 };

static bool
code_matches(const char *pattern, struct str code)
{
	struct str p = str_of(pattern);
	const char *star = strchr(pattern, '*');
	struct str head, tail;

	if (!star)
		return str_eq(p, code);
	head = (struct str){p.ptr, (size_t)(star - p.ptr)};
	tail = (struct str){star + 1, p.len - head.len - 1};
	return code.len >= head.len + tail.len && str_starts_with(code, head) &&
	       str_eq((struct str){code.ptr + code.len - tail.len, tail.len}, tail);
}

static const struct slack_error *
error_find(struct str code)
{
	static const struct slack_error unknown = {"", SLACK_UNKNOWN, REPAIR_SUPPORT,
	    "Slack answered with an error Carillon does not know", ""};

	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		if (code_matches(errors[i].code, code))
			return &errors[i];
	}
	return &unknown;
}

/* What an answer says that has no JSON of Slack's: not Slack but somebody on the way to it, or
 * a wrong address. The first that matches counts. */
static const struct status_meaning {
	int first, last;
	enum slack_class class;
	const char *sentence, *action;
} statuses[] = {
#define SLACK_STATUS(first, last, CLASS, sentence, action) \
	{first, last, SLACK_##CLASS, sentence, action},
#include "statuses.def"
#undef SLACK_STATUS
};

/* Error codes go into history and metrics: only what looks like one is let through. */
static struct str
code_of(const struct json *root)
{
	struct str code = json_string(root, STR("error"));

	if (code.len == 0 || code.len >= sizeof(((struct outcome *)0)->error_code))
		return STR("unreadable_code");
	for (size_t i = 0; i < code.len; i++) {
		char c = code.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return STR("unreadable_code");
	}
	return code;
}

/* Appends as much as fits of something Slack wrote: one line, and nothing like a token. */
static void
reason_add(struct outcome *out, const char *before, struct str s)
{
	size_t len = strlen(out->reason);
	struct str kept = {s.ptr, 0};
	char *end;

	while (kept.len < s.len &&
	       !str_starts_with((struct str){s.ptr + kept.len, s.len - kept.len}, STR("xox")))
		kept.len++;
	if (kept.len == 0 || len + strlen(before) + 8 > sizeof(out->reason))
		return;
	len += (size_t)snprintf(out->reason + len, sizeof(out->reason) - len, "%s", before);
	kept.len = str_utf8_cut(kept, sizeof(out->reason) - 1 - len);
	end = out->reason + len;
	str_copy(end, sizeof(out->reason) - len, kept);
	slack_scrub(end, strlen(end));
	for (; *end; end++) {
		if ((unsigned char)*end < ' ' || *end == 0x7f)
			*end = ' ';
	}
}

void
slack_set_remedy(struct outcome *out, enum repair repair, const char *action)
{
	struct remedy remedy = remedy_of(repair);

	out->repair = repair;
	str_copy(out->action, sizeof(out->action), action[0] ? str_of(action) : remedy.action);
}

void
slack_set_class(struct outcome *out, enum slack_class class, const char *sentence)
{
	const struct meaning *m = &meanings[class];

	out->code = m->code;
	out->verdict = m->verdict;
	out->ambiguous = m->ambiguous;
	out->lane_fault = m->lane_fault;
	slack_set_remedy(out, m->repair, "");
	str_copy(out->reason, sizeof(out->reason), str_of(sentence));
}

static void
judge_transport(const struct http_response *res, struct outcome *out)
{
	struct str detail = {res->detail, strnlen(res->detail, sizeof(res->detail))};

	switch (res->transport) {
	case TRANSPORT_TIMEOUT:
		slack_set_class(out, SLACK_TIMEOUT, "Slack did not answer in time");
		break;
	case TRANSPORT_BROKEN:
		slack_set_class(
		    out, SLACK_BROKEN, "the connection to Slack broke before it answered");
		break;
	case TRANSPORT_NOT_SENT:
	case TRANSPORT_ANSWERED: /* without a status: nothing was said */
	default: slack_set_class(out, SLACK_NOT_SENT, "Slack could not be reached"); break;
	}
	reason_add(out, ": ", detail);
}

/* A place in the message; it goes into history, so only what looks like one is let through. */
static bool
is_pointer(struct str s)
{
	if (s.len == 0 || s.ptr[0] != '/' || s.len >= sizeof(((struct outcome *)0)->pointer))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum((unsigned char)s.ptr[i]) && !strchr("/_-~", s.ptr[i]))
			return false;
	return !slack_has_secret(s);
}

/* The pointer of "must be less than 151 characters [json-pointer:/blocks/0/text/text]". */
static struct str
pointer_of(struct str remark)
{
	static const char head[] = "[json-pointer:";
	const char *at, *end, *close;
	struct str pointer;

	if (remark.len == 0)
		return (struct str){0};
	at = memmem(remark.ptr, remark.len, head, sizeof(head) - 1);
	if (at == NULL)
		return (struct str){0};
	end = remark.ptr + remark.len;
	at += sizeof(head) - 1;
	close = memchr(at, ']', (size_t)(end - at));
	pointer = (struct str){at, (size_t)((close ? close : at) - at)};
	return is_pointer(pointer) ? pointer : (struct str){0};
}

/* Of several remarks the one about the smallest part: the others only say that what is around
 * it does not fit either. */
static struct str
best_remark(const struct json *remarks)
{
	struct str best = {0};

	if (remarks == NULL || remarks->kind != JSON_ARRAY)
		return best;
	JSON_EACH (v, remarks)
		if (v->kind == JSON_STRING &&
		    (best.len == 0 || pointer_of(v->text).len > pointer_of(best).len))
			best = v->text;
	return best;
}

static void
judge_remarks(const struct json *root, struct outcome *out)
{
	static const struct str mark = {"[ERROR] ", 8};
	struct str remark = best_remark(json_path(root, STR("response_metadata.messages")));

	if (remark.len == 0)
		remark = best_remark(json_get(root, STR("errors")));
	if (str_starts_with(remark, mark))
		remark = (struct str){remark.ptr + mark.len, remark.len - mark.len};
	str_copy(out->pointer, sizeof(out->pointer), pointer_of(remark));
	if (remark.len > 0)
		reason_add(out, ": ", remark);
}

/* Slack fetches each image of a message before it takes the message, and now and then fails to
 * where there is nothing wrong with it. */
static void
judge_image(const struct dest_message *m, struct outcome *out)
{
	if (out->verdict == VERDICT_MESSAGE && !m->is_plain && !m->without_images &&
	    strstr(out->reason, "downloading image failed") != NULL)
		out->verdict = VERDICT_IMAGE;
}

static void
judge_error(const struct json *root, const struct http_response *res, struct outcome *out)
{
	struct str code = code_of(root);
	const struct slack_error *error = error_find(code);

	slack_set_class(out, error->class, error->sentence);
	str_copy(out->error_code, sizeof(out->error_code), code);
	slack_set_remedy(out, error->repair, error->action);
	out->retry_after_ms = res->retry_after_ms;
	if (error->class == SLACK_UNKNOWN)
		reason_add(out, ": ", code);
	reason_add(out, "; needed: ", json_string(root, STR("needed")));
	if (error->class == SLACK_MESSAGE)
		judge_remarks(root, out);
}

/* No JSON that says ok or not. */
static void
judge_status(const struct http_response *res, struct outcome *out)
{
	size_t i = 0;

	while (i < COUNT_OF(statuses) - 1 &&
	       (res->status < statuses[i].first || res->status > statuses[i].last))
		i++;
	slack_set_class(out, statuses[i].class, statuses[i].sentence);
	out->retry_after_ms = res->retry_after_ms;
	if (res->status / 100 != 2)
		snprintf(out->reason + strlen(out->reason),
		    sizeof(out->reason) - strlen(out->reason), " (HTTP status %d)",
		    res->status);
	slack_set_remedy(out, out->repair, statuses[i].action);
}

static int
count_of(const struct json *root, struct str key)
{
	int n = 0;

	JSON_EACH (member, root)
		n += str_eq(member->key, key);
	return n;
}

/* What an answer repeats of the message may be cut or no JSON; what it says of it counts, if it
 * says it once. */
static const struct json *
parse(struct arena *a, struct str body)
{
	const struct json *root = NULL;

	if (json_parse(a, body, JSON_DEPTH_MAX, &root, NULL))
		return root->kind == JSON_OBJECT ? root : NULL;
	root = json_skim(a, body);
	if (root == NULL || count_of(root, STR("ok")) > 1 || count_of(root, STR("ts")) > 1)
		return NULL;
	return root;
}

bool
slack_is_true(const struct json *object, struct str member)
{
	const struct json *v = json_get(object, member);

	return v != NULL && v->kind == JSON_TRUE;
}

static enum json_kind
kind_of(const struct json *root, struct str key)
{
	const struct json *v = json_get(root, key);

	return v ? v->kind : JSON_NULL;
}

void
slack_copy_text(char *dst, size_t size, struct str s)
{
	str_copy(dst, size, (struct str){s.ptr, str_utf8_cut(s, size - 1)});
	slack_scrub(dst, strlen(dst));
}

/* Seconds and a fraction, by which a message is found again. */
static bool
is_message_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.ptr[i]) && s.ptr[i] != '.')
			return false;
	return s.len > 0 && s.len < sizeof(((struct outcome *)0)->message_id);
}

static void
note_request_id(const struct http_response *res, struct outcome *out)
{
	struct str id = res->wanted[0].len > 0 ? res->wanted[0] : res->wanted[1];

	slack_copy_text(out->request_id, sizeof(out->request_id), id);
}

/*
 * The parsed answer (in `a`) if Slack said ok, else NULL and `out` is filled. What matters is
 * the body, not the status: Slack says ok:false with HTTP 200.
 */
const struct json *
slack_answer(struct arena *a, const struct http_response *res, struct outcome *out)
{
	const struct json *root;

	*out = (struct outcome){.retry_after_ms = -1};
	note_request_id(res, out);
	if (res->transport != TRANSPORT_ANSWERED || res->status <= 0) {
		judge_transport(res, out);
		return NULL;
	}
	if (res->status == 429) {
		slack_set_class(out, SLACK_RATE, "Slack asked for a pause");
		out->retry_after_ms = res->retry_after_ms;
		str_copy(out->error_code, sizeof(out->error_code), STR("ratelimited"));
		return NULL;
	}
	if (res->status == 503 && res->retry_after_ms >= 0) {
		slack_set_class(out, SLACK_PAUSE, "Slack is busy and asked for a pause");
		out->retry_after_ms = res->retry_after_ms;
		return NULL;
	}
	if (res->status >= 500) {
		judge_status(res, out);
		return NULL;
	}
	root = parse(a, res->body);
	if (kind_of(root, STR("ok")) == JSON_FALSE && res->status / 100 != 3 &&
	    res->status != 413)
		judge_error(root, res, out);
	else if (kind_of(root, STR("ok")) == JSON_TRUE && res->status / 100 == 2)
		return root;
	else
		judge_status(res, out);
	return NULL;
}

void
slack_set_done(struct outcome *out)
{
	out->code = OUTCOME_DELIVERED;
	out->verdict = VERDICT_DONE;
	slack_set_remedy(out, REPAIR_NONE, "");
}

static void
note(struct outcome *out, const char *sentence)
{
	reason_add(out, out->reason[0] ? "; " : "", str_of(sentence));
}

/* Slack takes a message and leaves part of it off, with a warning at most. */
static void
note_warnings(const struct json *root, struct outcome *out)
{
	static const struct {
		struct str code;
		const char *sentence;
	} known[] = {
#define SLACK_WARNING(code, sentence) {{code, sizeof(code) - 1}, sentence},
#include "warnings.def"
#undef SLACK_WARNING
	};
	const struct json *warnings = json_path(root, STR("response_metadata.warnings"));
	struct str alone = json_string(root, STR("warning")); /* several, with commas */

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		bool is_there = alone.len > 0 && memmem(alone.ptr, alone.len, known[i].code.ptr,
						     known[i].code.len) != NULL;

		if (warnings != NULL && warnings->kind == JSON_ARRAY)
			JSON_EACH (v, warnings)
				is_there |=
				    v->kind == JSON_STRING && str_eq(v->text, known[i].code);
		if (is_there)
			note(out, known[i].sentence);
	}
}

/* A reply to a message that is gone is posted all the same, at top level; the answer's echo
 * then has no thread, which is the only sign. */
static void
note_thread(const struct dest_message *m, const struct json *root, struct outcome *out)
{
	const struct json *echo = json_get(root, STR("message"));

	if (m->thread_id.len == 0 || m->update_id.len > 0 || echo == NULL ||
	    echo->kind != JSON_OBJECT || json_string(echo, STR("thread_ts")).len > 0)
		return;
	out->left_thread = true;
	note(out, "the message to reply to was deleted in Slack, so this one stands alone and "
		  "further replies go under it");
}

void
slack_judge(const struct dest_message *m, const struct http_response *res, struct outcome *out)
{
	struct arena *a = arena_new(TREE_MAX);
	const struct json *root = slack_answer(a, res, out);
	struct str ts = json_string(root, STR("ts"));

	if (m->other_way && slack_judge_webhook(res, out))
		root = NULL; /* it says ok, or why not, without JSON */
	if (root && ts.len > 0 && ts.len < sizeof(out->message_id)) {
		slack_set_done(out);
		if (is_message_id(ts)) /* else it was posted, and cannot be found again */
			str_copy(out->message_id, sizeof(out->message_id), ts);
		slack_copy_text(out->message_channel, sizeof(out->message_channel),
		    json_string(root, STR("channel")));
		if (m->without_images && !m->is_plain)
			note(out, "Slack could not fetch an image, so it went without images");
		note_thread(m, root, out);
		note_warnings(root, out);
	} else if (root) {
		slack_set_class(
		    out, SLACK_UNREADABLE, "Slack's answer does not name the message");
	}
	judge_image(m, out);
	if (out->pointer[0] != '\0' && m->body != NULL)
		slack_slot_of(
		    slack_body_of(m->body), str_of(out->pointer), out->slot, sizeof(out->slot));
	/* The app is no member of the channel, but has the channel's own webhook. */
	if (m->has_other_way && !m->other_way &&
	    (strcmp(out->error_code, "not_in_channel") == 0 ||
		strcmp(out->error_code, "channel_not_found") == 0))
		out->verdict = VERDICT_OTHER_WAY;
	/* What does not count any more is the webhook; the token may. */
	if (m->other_way && m->has_other_way && out->verdict == VERDICT_HOLD_CONNECTION) {
		out->verdict = VERDICT_HOLD_RULE;
		slack_set_remedy(out, REPAIR_INVITE, "");
	}
	/* Nothing to do without: then it speaks of the channel. */
	if (out->verdict == VERDICT_NO_THREAD && !m->thread_id.len && !m->update_id.len) {
		out->verdict = VERDICT_HOLD_RULE;
		slack_set_remedy(out, REPAIR_PICK_CHANNEL, "");
	}
	arena_free(a);
}

bool
slack_judged_question(struct outcome *out, bool understood)
{
	if (understood)
		slack_set_done(out);
	else if (out->verdict == VERDICT_DONE)
		slack_set_class(
		    out, SLACK_UNREADABLE, "Slack's answer could not be understood");
	out->ambiguous = false;
	return understood;
}

bool
slack_judge_test(
    const struct http_response *res, struct dest_account *account, struct outcome *out)
{
	struct arena *a = arena_new(TREE_MAX);
	const struct json *root = slack_answer(a, res, out);

	*account = (struct dest_account){0};
	if (root) {
		slack_copy_text(
		    account->id, sizeof(account->id), json_string(root, STR("team_id")));
		slack_copy_text(
		    account->name, sizeof(account->name), json_string(root, STR("team")));
		slack_copy_text(account->bot_user_id, sizeof(account->bot_user_id),
		    json_string(root, STR("user_id")));
	}
	arena_free(a);
	/* A webhook does not say whose it is. */
	if (root == NULL && slack_webhook_counts(res)) {
		slack_copy_text(
		    account->name, sizeof(account->name), STR("an incoming webhook"));
		return slack_judged_question(out, true);
	}
	return slack_judged_question(out, account->id[0] != '\0');
}

bool
slack_judge_channel(
    const struct http_response *res, struct dest_channel *channel, struct outcome *out)
{
	struct arena *a = arena_new(TREE_MAX);
	const struct json *root = slack_answer(a, res, out);
	const struct json *found = json_get(root, STR("channel"));

	*channel = (struct dest_channel){
	    .is_private = kind_of(found, STR("is_private")) == JSON_TRUE,
	    .is_archived = kind_of(found, STR("is_archived")) == JSON_TRUE,
	    .is_member = kind_of(found, STR("is_member")) == JSON_TRUE,
	};
	slack_copy_text(channel->id, sizeof(channel->id), json_string(found, STR("id")));
	slack_copy_text(channel->name, sizeof(channel->name), json_string(found, STR("name")));
	arena_free(a);
	return slack_judged_question(out, channel->id[0] != '\0');
}
