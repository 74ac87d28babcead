#include <stdio.h>

#include "carillon/base/id.h"

#include "event_file.h"
#include "history.h"
#include "output.h"
#include "print.h"

enum { PUBLISH_WAIT_MS = 10000 };

/* --- publish: exactly what a producer in another language does --- */

static void
say_published(struct command *c, const event_message *msg, uint64_t seq)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON)) {
		printf("%s %llu\n", msg->id, (unsigned long long)seq);
		return;
	}
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_cstr(&doc.w, "id", msg->id);
	jw_key(&doc.w, "sequence");
	jw_uint(&doc.w, seq);
	jw_object_end(&doc.w);
	document_end(&doc);
}

bool
verb_event_publish(struct command *c, struct err *e)
{
	struct str workspace = command_argument(c, 0);
	event_message msg;
	char subject[SUBJECT_MAX];
	uint64_t seq;

	if (!id_is_workspace(workspace))
		return fail(e, ERR_INPUT,
		    "workspace id \"%.*s\": use 1 to %d of a-z, 0-9, \"_\" and \"-\"",
		    STR_ARG(workspace), WORKSPACE_ID_MAX);
	if (!event_file_read(c, c->options[OPTION_FILE], c->options[OPTION_TYPE], &msg, e) ||
	    !command_open(c, NEED_BROKER, e))
		return false;
	subject_event(subject, c->broker, workspace, str_of(msg.type));
	if (!broker_publish(c->broker, subject, record_pack(c->arena, &msg),
		arena_printf(c->arena, "%.*s:%s", STR_ARG(workspace), msg.id).ptr,
		PUBLISH_WAIT_MS, &seq, e))
		return false;
	say_published(c, &msg, seq);
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
		write_event(l->w, r);
		return true;
	}
	listing_cell(l, time_cell(l->doc.command, r->received_ms));
	listing_cell(l, str_of(r->event_id));
	listing_cell(l, str_of(r->type));
	listing_cell(l, str_of(r->resource_id[0] != '\0' ? r->resource_id : r->resource));
	listing_cell(l, str_of(event_status_name(r->status)));
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
