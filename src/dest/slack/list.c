/* The channels of a Slack workspace, page by page. */
#include "request.h"

#include "judge.h"

enum { LIST_TREE_MAX = 8 << 20 };

static bool
may_read(enum directory_part part, struct str scopes)
{
	(void)part;
	return scopes_have(scopes, STR("channels:read")) ||
	       scopes_have(scopes, STR("groups:read"));
}

/* Slack's tiers, less a little: others of the app ask, too. */
static int
per_minute(enum directory_part part)
{
	return part == DIRECTORY_JOINED ? 45 : 18;
}

static bool
compose_page(struct http_request *req, const struct dest_call *call, enum directory_part part,
    struct str scopes, struct str cursor, struct err *e)
{
	const char *method =
	    part == DIRECTORY_JOINED ? "users.conversations" : "conversations.list";
	bool public = scopes_have(scopes, STR("channels:read"));
	bool private = scopes_have(scopes, STR("groups:read"));

	if (!slack_request_begin(req, call, method, e))
		return false;
	req->content_type = SLACK_FORM;
	slack_form_add(&req->body, "types",
	    public && private ? STR("public_channel,private_channel")
	    : private         ? STR("private_channel")
			      : STR("public_channel"));
	slack_form_add(&req->body, "exclude_archived", STR("true"));
	slack_form_add(&req->body, "limit", STR("999"));
	if (cursor.len > 0)
		slack_form_add(&req->body, "cursor", cursor);
	return true;
}

static void
take_channel(const struct json *v, dest_page_fn *each, void *arg, struct dest_page *page)
{
	struct dest_channel c = {
	    .is_private = slack_is_true(v, STR("is_private")),
	    .is_archived = slack_is_true(v, STR("is_archived")),
	    .is_member = slack_is_true(v, STR("is_member")),
	};

	slack_copy_text(c.id, sizeof(c.id), json_string(v, STR("id")));
	slack_copy_text(c.name, sizeof(c.name), json_string(v, STR("name")));
	if (c.id[0] == '\0')
		return;
	page->n++;
	each(&c, arg);
}

static bool
judge_page(const struct http_response *res, dest_page_fn *each, void *arg,
    struct dest_page *page, struct outcome *out)
{
	struct arena *a = arena_new(LIST_TREE_MAX);
	const struct json *root = slack_answer(a, res, out);
	const struct json *channels = json_get(root, STR("channels"));
	struct str next =
	    json_string(json_get(root, STR("response_metadata")), STR("next_cursor"));
	bool ok = channels != NULL && channels->kind == JSON_ARRAY;

	*page = (struct dest_page){0};
	if (ok)
		JSON_EACH (v, channels)
			take_channel(v, each, arg, page);
	ok = ok && str_copy(page->next, sizeof(page->next), next);
	arena_free(a);
	return slack_judged_question(out, ok);
}

static bool
is_channel_id(struct str s)
{
	if (s.len < 2 || s.len > 32 || !strchr("CGD", s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!(s.ptr[i] >= 'A' && s.ptr[i] <= 'Z') &&
		    !(s.ptr[i] >= '0' && s.ptr[i] <= '9'))
			return false;
	return true;
}

/* "https://acme.slack.com/archives/C0123456789/p17..." or ".../client/T.../C0123456789" */
static struct str
channel_of(struct str text)
{
	if (is_channel_id(text))
		return text;
	for (size_t i = 0; i < text.len; i++) {
		size_t len = 0;

		if (text.ptr[i] != '/')
			continue;
		while (i + 1 + len < text.len && !strchr("/?#", text.ptr[i + 1 + len]))
			len++;
		struct str part = {text.ptr + i + 1, len};
		if (is_channel_id(part))
			return part;
	}
	return (struct str){0};
}

const struct dest_directory slack_directory = {
    .may_read = may_read,
    .per_minute = per_minute,
    .compose_page = compose_page,
    .judge_page = judge_page,
    .channel_of = channel_of,
};
