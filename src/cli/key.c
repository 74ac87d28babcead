/* Keys of the HTTP API. */
#include <sodium.h>
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/keys.h"
#include "carillon/registry/words.h"

#include "output.h"

enum { SCOPES_MAX = 16 };

/* Of a publishable key the workspace, of a secret one that of all of those. */
static struct str
home_of(const struct command *c, int argument)
{
	return c->arguments[argument] != NULL ? command_argument(c, argument) : KEYS_WORKSPACE;
}

static bool
read_scopes(struct command *c, key_record *k, struct err *e)
{
	const char *at = c->options[OPTION_SCOPES];

	k->scopes = ARENA_ARRAY(c->arena, char *, SCOPES_MAX);
	while (at != NULL && *at != '\0') {
		size_t n = strcspn(at, ", ");

		if (k->n_scopes == SCOPES_MAX)
			return FAIL_USAGE(c, e, "--scopes: there are not that many");
		k->scopes[k->n_scopes++] = arena_cstr(c->arena, (struct str){at, n});
		at += n + strspn(at + n, ", ");
	}
	return true;
}

static void
say_made(struct command *c, const key_record *k, const char *text)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("%s\n", text);
		return;
	}
	document_begin(&doc, c);
	json_write_key_open(&doc.w, k, 0);
	jw_kv_cstr(&doc.w, "key", text);
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_key_create(struct command *c, struct err *e)
{
	struct str home = home_of(c, 0);
	char text[KEY_TEXT_MAX];
	int64_t age_ms = 0;
	key_record k;
	bool ok;

	carillon__v1__key__init(&k);
	k.kind = c->arguments[0] != NULL ? CARILLON__V1__KEY_KIND__KEY_KIND_PUBLISHABLE
	                                 : CARILLON__V1__KEY_KIND__KEY_KIND_SECRET;
	k.name = arena_cstr(c->arena, command_option(c, OPTION_NAME));
	if (!read_scopes(c, &k, e) || !read_duration(c, OPTION_EXPIRES, &age_ms, e) ||
	    !command_open(c, NEED_STATE | NEED_WRITE, e))
		return false;
	key_make(&k, c->arena, home, clock_wall(), text);
	k.expires_ms = age_ms > 0 ? k.created_ms + age_ms : 0;
	ok = registry_put_key(c->registry, home, &k, 0, &c->findings, e);
	if (ok)
		say_made(c, &k, text);
	sodium_memzero(text, sizeof(text));
	return ok;
}

static bool
list_one(const void *record, uint64_t revision, void *arg)
{
	const key_record *k = record;
	struct listing *l = arg;
	struct buf scopes = {0};

	listing_record(l);
	if (listing_is_json(l)) {
		json_write_key_open(l->w, k, revision);
		jw_object_end(l->w);
		return true;
	}
	for (size_t i = 0; i < k->n_scopes; i++)
		buf_printf(&scopes, "%s%s", i > 0 ? "," : "", k->scopes[i]);
	listing_cell(l, str_of(k->id));
	listing_cell(l, str_of(word_of(&key_kind_words, (int)k->kind)));
	listing_cell(l, str_of(k->name));
	listing_cell(l, arena_str(l->doc.command->arena, buf_view(&scopes)));
	listing_time(l, k->created_ms);
	listing_time(l, k->expires_ms);
	buf_fini(&scopes);
	return true;
}

bool
verb_key_list(struct command *c, struct err *e)
{
	struct str home = home_of(c, 0);
	struct listing l;

	if (!command_open(c, NEED_STATE, e) ||
	    (c->arguments[0] != NULL &&
		registry_workspace(c->registry, c->arena, home, NULL, e) == NULL))
		return false;
	listing_begin(&l, c, "KEY KIND NAME SCOPES CREATED EXPIRES");
	if (!registry_each(
		c->registry, c->arena, &(struct state_list){home, STATE_KEY}, list_one, &l, e))
		return false;
	listing_end(&l, STR(""));
	return true;
}

bool
verb_key_revoke(struct command *c, struct err *e)
{
	struct str home = home_of(c, 1), id = command_argument(c, 0);
	uint64_t revision;

	if (!command_open(c, NEED_STATE | NEED_WRITE, e) ||
	    registry_key(c->registry, c->arena, home, id, &revision, e) == NULL ||
	    !confirm(c,
		arena_printf(c->arena, "this ends key \"%.*s\": whoever uses it is refused",
		    STR_ARG(id)),
		e) ||
	    !registry_delete(c->registry, home, STATE_KEY, id, revision, e))
		return false;
	say_deleted(c, id);
	return true;
}
