/* The word garbage: what stands in the streams and is not what the service wrote there. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/registry/check.h"
#include "player.h"

#define GARBAGE STR("\xff\xff garbage")

enum { LONG_ID = 300, PATH_PART = 128 };

/* --- the state bucket --- */

static void
put_state(struct story *s, struct str workspace, enum state_kind kind, struct str id,
    struct str bytes)
{
	char key[STATE_KEY_MAX];

	state_key(key, workspace, kind, id);
	fake_broker_put_state(s->world.broker, key, bytes);
}

/* A record as it is stored now; an empty one where there is none, or garbage. */
static void *
read_record(
    struct story *s, struct arena *a, struct str workspace, enum state_kind kind, struct str id)
{
	struct txn *t = txn_read(world_store(&s->world), STORE_STATE);
	const ProtobufCMessageDescriptor *type = registry_type_of(kind);
	struct state_value v;
	void *record;

	if (!state_get(t, workspace, kind, id, &v) ||
	    !record_unpack(type, a, arena_str(a, v.bytes), &record, NULL))
		must(record_unpack(type, a, (struct str){0}, &record, NULL));
	txn_end(t);
	return record;
}

static char *
long_text(struct arena *a)
{
	char *text = arena_must(a, LONG_ID + 1);

	memset(text, 'x', LONG_ID);
	return text;
}

/* The record with another id in it than its key has. */
static struct str
misnamed(struct arena *a, enum state_kind kind, void *record, char *id)
{
	switch (kind) {
	case STATE_WORKSPACE: ((workspace_record *)record)->id = id; break;
	case STATE_CONNECTION: ((connection_record *)record)->id = id; break;
	case STATE_RULE: ((rule_record *)record)->id = id; break;
	case STATE_TYPE: ((type_record *)record)->name = id; break;
	default: ((replay_record *)record)->id = id; break;
	}
	return record_pack(a, record);
}

static void
garble_record(struct story *s, struct line *l, enum state_kind kind)
{
	struct arena *a = arena_new(0);
	char path[2][PATH_PART];
	struct str bytes = GARBAGE;

	if (kind == STATE_WORKSPACE) {
		str_copy(path[0], PATH_PART, str_of(line_word(l, "a workspace")));
		str_copy(path[1], PATH_PART, str_of(path[0]));
	} else {
		line_path(l, 2, path, "WORKSPACE/ID");
	}
	if (line_has_more(l)) {
		void *record = read_record(s, a, str_of(path[0]), kind, str_of(path[1]));
		bool is_long = line_takes(l, "long");

		if (!is_long)
			line_wants(l, "called");
		bytes = misnamed(a, kind, record,
		    is_long ? long_text(a) : arena_cstr(a, str_of(line_word(l, "an id"))));
	}
	put_state(s, str_of(path[0]), kind, str_of(path[1]), bytes);
	arena_free(a);
}

/* Copies of nothing: rules that match nothing, more than a workspace may have. */
static void
too_many_rules(struct story *s, struct line *l)
{
	const char *workspace = line_word(l, "a workspace");
	int64_t n = line_number(l, "a count");

	for (int64_t i = 0; i < n; i++) {
		struct arena *a = arena_new(0);
		rule_record r;

		carillon__v1__rule__init(&r);
		r.id = (char *)(uintptr_t)arena_printf(a, "a%05lld", (long long)i).ptr;
		r.event_type = (char *)(uintptr_t) "nothing";
		put_state(s, str_of(workspace), STATE_RULE, str_of(r.id), record_pack(a, &r));
		arena_free(a);
	}
}

/* One byte of it is another one, or it is another connection's. */
static void
garble_credential(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[2][PATH_PART], of[2][PATH_PART];
	connection_record *c;

	line_path(l, 2, path, "WORKSPACE/CONNECTION");
	c = read_record(s, a, str_of(path[0]), STATE_CONNECTION, str_of(path[1]));
	must(c->sealed.len > 0);
	if (line_takes(l, "of")) {
		line_path(l, 2, of, "WORKSPACE/CONNECTION");
		c->sealed = ((connection_record *)read_record(
				 s, a, str_of(of[0]), STATE_CONNECTION, str_of(of[1])))
		                ->sealed;
	} else {
		c->sealed.data[c->sealed.len - 1] ^= 1;
	}
	put_state(s, str_of(path[0]), STATE_CONNECTION, str_of(path[1]), record_pack(a, c));
	arena_free(a);
}

/* --- history --- */

static void
publish_entry(struct story *s, struct arena *a, history_entry *entry)
{
	history_entry *entries[] = {entry};
	history_batch batch;

	carillon__v1__history_batch__init(&batch);
	batch.entries = entries;
	batch.n_entries = COUNT_OF(entries);
	fake_broker_put_history(s->world.broker, record_pack(a, &batch));
}

static uint64_t
read_seq(struct line *l)
{
	const char *word;
	char *end;
	uint64_t seq;

	line_wants(l, "seq");
	word = line_word(l, "a sequence");
	seq = strtoull(word, &end, 10);
	if (end == word || *end != '\0')
		line_fail(l, "\"%s\" is no sequence", word);
	return seq;
}

static void
forge_event(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[2][PATH_PART];
	history_entry entry;
	event_record ev;

	line_path(l, 2, path, "WORKSPACE/EVENT");
	carillon__v1__history_entry__init(&entry);
	carillon__v1__event_record__init(&ev);
	ev.workspace = path[0];
	ev.event_id = path[1];
	ev.type = (char *)(uintptr_t) "a.b";
	ev.seq = read_seq(l);
	if (line_takes(l, "long"))
		ev.event_id = long_text(a);
	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_EVENT;
	entry.event = &ev;
	publish_entry(s, a, &entry);
	arena_free(a);
}

static void
forge_delivery(struct story *s, struct line *l)
{
	struct arena *a = arena_new(0);
	char path[3][PATH_PART];
	history_entry entry;
	delivery_record d;

	line_path(l, 3, path, "WORKSPACE/EVENT/RULE");
	carillon__v1__history_entry__init(&entry);
	carillon__v1__delivery_record__init(&d);
	d.workspace = path[0];
	d.event_id = path[1];
	d.rule = path[2];
	d.state = (Carillon__V1__DeliveryState)line_number(l, "a state's number");
	d.seq = read_seq(l);
	d.created_ms = d.updated_ms = clock_wall().ms;
	if (line_takes(l, "long"))
		d.event_id = long_text(a);
	entry.entry_case = CARILLON__V1__HISTORY_ENTRY__ENTRY_DELIVERY;
	entry.delivery = &d;
	publish_entry(s, a, &entry);
	arena_free(a);
}

static void
garble_history(struct story *s, struct line *l)
{
	if (line_takes(l, "event"))
		forge_event(s, l);
	else if (line_takes(l, "delivery"))
		forge_delivery(s, l);
	else
		fake_broker_put_history(s->world.broker, GARBAGE);
}

void
word_garbage(struct story *s, struct line *l)
{
	if (line_takes(l, "history")) {
		garble_history(s, l);
	} else if (line_takes(l, "credential")) {
		garble_credential(s, l);
	} else if (line_takes(l, "rules")) {
		too_many_rules(s, l);
	} else {
		const char *name = line_word(l, "a kind");

		for (enum state_kind kind = 0; kind < STATE_KINDS; kind++)
			if (strcmp(name, state_kind_name(kind)) == 0) {
				garble_record(s, l, kind);
				return;
			}
		line_fail(l, "\"%s\" is no kind of record", name);
	}
}
