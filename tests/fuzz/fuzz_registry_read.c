/*
 * Any JSON as any kind of record, and as an event: "<kind letter>\n<JSON>". What is read must
 * pack, and must be read again from its own JSON without anything being found.
 */
#include "carillon/registry/json_read.h"
#include "carillon/registry/json_write.h"
#include "carillon/registry/replays.h"
#include "carillon/registry/check.h"

#include "fuzz_findings.h"
#include "fuzz_lines.h"

static void
write_record(struct json_writer *w, enum state_kind kind, const void *record)
{
	switch (kind) {
	case STATE_WORKSPACE: json_write_workspace(w, record, 1, NULL); break;
	case STATE_CONNECTION: json_write_connection(w, record, 1, NULL); break;
	case STATE_RULE: json_write_rule(w, record, 1, NULL); break;
	case STATE_TYPE: json_write_type(w, record, 1); break;
	case STATE_KEY:
		json_write_key_open(w, record, 1);
		jw_object_end(w);
		break;
	default: replay_write(w, record, 1, NULL); break;
	}
}

static void
read_again(struct arena *a, enum state_kind kind, const void *record, void *again)
{
	struct findings found;
	const struct json *v;
	struct json_writer w;
	struct buf out = {0};

	findings_init(&found, a);
	jw_init(&w, &out);
	write_record(&w, kind, record);
	must(json_parse(a, buf_view(&out), JSON_DEPTH_MAX + 4, &v, NULL));
	must(json_read_record(a, kind, v, again, &found));
	must(str_eq(record_pack(a, record), record_pack(a, again)));
	buf_fini(&out);
}

static void *
record_new(struct arena *a, enum state_kind kind)
{
	const ProtobufCMessageDescriptor *type = registry_type_of(kind);
	void *record = arena_must(a, type->sizeof_message);

	type->message_init(record);
	return record;
}

static void
read_event(struct arena *a, const struct json *v)
{
	struct findings found;
	event_message msg;
	bool ok;

	findings_init(&found, a);
	carillon__v1__event__init(&msg);
	ok = json_read_event(a, v, &msg, &found);
	ok = check_event(&msg, &found) && ok;
	if (!ok)
		check_findings(&found);
	(void)record_pack(a, &msg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str kind_text, text;
	struct findings found;
	const struct json *v;

	if (!cut_in_two(bytes, size, &kind_text, &text) || kind_text.len == 0)
		return 0;
	struct arena *a = arena_new(0);
	enum state_kind kind = (enum state_kind)((uint8_t)kind_text.ptr[0] % STATE_KINDS);
	void *record = record_new(a, kind);
	findings_init(&found, a);
	if (json_parse(a, text, JSON_DEPTH_MAX, &v, NULL)) {
		if (json_read_record(a, kind, v, record, &found))
			read_again(a, kind, record, record_new(a, kind));
		else
			check_findings(&found);
		read_event(a, v);
	}
	arena_free(a);
	return 0;
}
