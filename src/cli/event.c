#include <stdio.h>

#include "carillon/base/id.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/words.h"

#include "event_file.h"
#include "history.h"
#include "output.h"

enum {
	CONNECT_WAIT_MS = 5000,
	NO_STREAM_WAIT_MS = 2000, /* then it is made, which a producer could not */
	PUBLISH_WAIT_MS = 10000,
};

/* --- publish: exactly what a producer in another language does --- */

/* As a producer connects: its credential, if it is one, hears answers under its workspace only,
 * and may ask for nothing else. */
static bool
connect_producer(struct command *c, struct str workspace, struct err *e)
{
	struct broker_options o;

	if (!broker_options_of(c, CONNECT_WAIT_MS, &o, e))
		return false;
	o.name = "carillon-event-publish";
	o.inbox_prefix = arena_printf(c->arena, "_INBOX.%.*s", STR_ARG(workspace)).ptr;
	return broker_connect(&c->broker, &o, e);
}

/* Sent again under the same id, it is one event: the ledger knows what is done. */
static bool
publish(struct command *c, const char *subject, const event_message *msg, uint64_t *seq,
    struct err *e)
{
	struct str bytes = record_pack(c->arena, msg);

	if (broker_publish(c->broker,
		&(struct publication){subject, bytes, NULL, NO_STREAM_WAIT_MS}, seq, e))
		return true;
	if (e->kind == ERR_SETUP && !broker_ensure(c->broker, e))
		return false;
	return e->kind != ERR_DENIED && e->kind != ERR_INPUT &&
	       broker_publish(c->broker,
		   &(struct publication){subject, bytes, NULL, PUBLISH_WAIT_MS}, seq, e);
}

/* --- what a producer is not told, but a person at the command line should be --- */

/* A producer's credential is of one workspace, and may ask for nothing. */
static bool
is_a_producer(struct command *c)
{
	const struct json *claims = nats_creds_claims(c);
	const struct json *tags = claims ? json_path(claims, STR("nats.tags")) : NULL;

	if (tags == NULL || tags->kind != JSON_ARRAY)
		return false;
	JSON_EACH (tag, tags)
		if (str_starts_with(tag->text, STR("ws:")))
			return true;
	return false;
}

/* Where it cannot be asked, the event tells: it is recorded, as of a workspace that is unknown.
 */
static bool
workspace_is_there(struct command *c, struct str workspace, struct err *e)
{
	struct broker_message m;
	char key[STATE_KEY_MAX];
	struct err why = {0};
	bool is_gone;

	if (is_a_producer(c))
		return true;
	state_key(key, workspace, STATE_WORKSPACE, workspace);
	is_gone = !broker_state_get(c->broker, key, &m, &why) && why.kind == ERR_NOT_FOUND;
	if (why.kind == ERR_NONE) {
		is_gone = m.is_delete;
		broker_message_free(&m);
	}
	return !is_gone ||
	       fail(e, ERR_NOT_FOUND, "there is no workspace \"%.*s\"", STR_ARG(workspace));
}

/* The sequence under which history has this id already; 0: it is new, or there is no index. */
static uint64_t
published_before(struct command *c, struct str workspace, struct str id)
{
	struct store_options o = store_options_of(&c->config);
	struct txn *t;
	uint64_t seq;

	o.read_only = true;
	if (c->store == NULL && !store_open(&c->store, &o, NULL))
		return 0;
	t = txn_read(c->store, STORE_HISTORY);
	seq = ledger_seq(t, workspace, id);
	return txn_finish(t, NULL) ? seq : 0;
}

static void
say_published(struct command *c, const event_message *msg, uint64_t seq, uint64_t before)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("%s %llu", msg->id, (unsigned long long)seq);
		if (before != 0)
			printf(": was published before, as %llu; it is the same event, and "
			       "nothing is sent again",
			    (unsigned long long)before);
		printf("\n");
		return;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "id", msg->id);
	jw_key(&doc.w, "sequence");
	jw_uint(&doc.w, seq);
	if (before != 0) {
		jw_key(&doc.w, "published_before");
		jw_uint(&doc.w, before);
	}
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_event_publish(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	event_message msg;
	char subject[SUBJECT_MAX];
	uint64_t seq, before;

	if (!id_is_workspace(workspace))
		return fail(e, ERR_INPUT, "workspace id \"%.*s\": use 1 to %d of " ID_LETTERS,
		    STR_ARG(workspace), WORKSPACE_ID_MAX);
	if (!event_file_read(c, c->options[OPTION_FILE], c->options[OPTION_TYPE], &msg, e) ||
	    !command_load(c, e) || !connect_producer(c, workspace, e) ||
	    !workspace_is_there(c, workspace, e))
		return false;
	before = published_before(c, workspace, str_of(msg.id));
	subject_event(subject, c->broker, workspace, str_of(msg.type));
	if (!publish(c, subject, &msg, &seq, e))
		return false;
	say_published(c, &msg, seq, before);
	return true;
}

/* --- list --- */

struct page {
	struct listing listing;
	size_t limit;
	uint64_t last;   /* sequence */
	struct str next; /* the next page's --before */
};

static bool
list_one(const event_record *r, void *arg)
{
	struct page *p = arg;
	struct listing *l = &p->listing;

	if (l->n_records == p->limit) {
		p->next =
		    arena_printf(l->doc.command->arena, "%llu", (unsigned long long)p->last);
		return false;
	}
	p->last = r->seq;
	listing_record(l);
	if (listing_is_json(l)) {
		json_write_event_open(l->w, r);
		jw_object_end(l->w);
		return true;
	}
	listing_time(l, r->received_ms);
	listing_cell(l, str_of(r->event_id));
	listing_cell(l, str_of(r->type));
	listing_cell(l, str_of(r->resource_id[0] != '\0' ? r->resource_id : r->resource));
	listing_cell(l, str_of(word_of(&event_status_words, (int)r->status)));
	listing_cell(l, arena_printf(l->doc.command->arena, "%u", r->matched));
	listing_cell(l, str_of(r->reason));
	return true;
}

/* Events that name no known workspace are recorded too: only then with nothing is it unknown.
 */
bool
history_is_known(struct command *c, size_t found, struct err *e)
{
	return found > 0 || registry_has_workspace(c->registry, command_argument(c, 0), e);
}

bool
verb_event_list(struct command *c, struct err *e)
{
	struct page p = {0};
	uint64_t before;
	struct txn *t;

	if (!read_page(c, &p.limit, &before, e) || !command_open(c, NEED_HISTORY, e))
		return false;
	listing_begin(&p.listing, c, "RECEIVED EVENT TYPE RESOURCE STATUS MATCHED REASON");
	t = txn_read(c->store, STORE_HISTORY);
	history_each_event_of(t, c->arena, command_argument(c, 0), before, list_one, &p);
	if (!txn_finish(t, e) || !history_is_known(c, p.listing.n_records, e))
		return false;
	listing_end(&p.listing, p.next);
	return true;
}
