#include "carillon/registry/json_write.h"

#include "carillon/base/clock.h"
#include "carillon/vault/vault.h"
#include "json_members.h"

void
json_write_time(struct json_writer *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	jw_key(w, key);
	if (ms == 0)
		jw_null(w);
	else
		jw_cstr(w, clock_text((wall_t){ms}, text));
}

/* The field has the type that its kind says. */
#define AS(type, field) (*(type const *)(const void *)(field))

/* A pointer to a message of any type. */
static void *
pointer_at(const void *field)
{
	void *p;

	memcpy(&p, field, sizeof(p));
	return p;
}

/* JSON stored as text: itself if it parses, null if there is none. */
static void
write_document(struct json_writer *w, const char *text)
{
	struct arena *a = arena_new(0);
	const struct json *v;

	if (text[0] == '\0')
		jw_null(w);
	else if (json_parse(a, str_of(text), JSON_DEPTH_MAX, &v, NULL))
		jw_value(w, v);
	else
		jw_cstr(w, text);
	arena_free(a);
}

static void
write_texts(struct json_writer *w, char *const *texts, size_t n)
{
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_cstr(w, texts[i]);
	jw_array_end(w);
}

static void
write_numbers(struct json_writer *w, const uint32_t *numbers, size_t n)
{
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		jw_uint(w, numbers[i]);
	jw_array_end(w);
}

static void write_members(
    struct json_writer *w, const struct members *members, const void *record);

static void
write_object(struct json_writer *w, const struct members *members, const void *record)
{
	if (record == NULL) {
		jw_null(w);
		return;
	}
	jw_object(w);
	write_members(w, members, record);
	jw_object_end(w);
}

/* `list` is an array of pointers to messages. */
static void
write_objects(struct json_writer *w, const struct members *members, const char *list, size_t n)
{
	jw_array(w);
	for (size_t i = 0; i < n; i++)
		write_object(w, members, pointer_at(list + i * sizeof(void *)));
	jw_array_end(w);
}

static void
write_value(struct json_writer *w, const struct member *m, const char *record)
{
	const void *at = record + m->at;
	size_t n = m->n_at != 0 ? AS(size_t, record + m->n_at) : 0;
	const ProtobufCBinaryData *bytes = at;

	switch (m->kind) {
	case MEMBER_TEXT: jw_cstr(w, AS(char *, at)); break;
	case MEMBER_FLAG: jw_bool(w, AS(protobuf_c_boolean, at)); break;
	case MEMBER_NUMBER: jw_uint(w, AS(uint32_t, at)); break;
	case MEMBER_SEQUENCE: jw_uint(w, AS(uint64_t, at)); break;
	case MEMBER_WORD: jw_cstr(w, word_of(m->words, AS(int, at))); break;
	case MEMBER_DOCUMENT: write_document(w, AS(char *, at)); break;
	case MEMBER_TEXTS: write_texts(w, AS(char **, at), n); break;
	case MEMBER_NUMBERS: write_numbers(w, AS(uint32_t *, at), n); break;
	case MEMBER_OBJECT: write_object(w, m->of, pointer_at(at)); break;
	case MEMBER_OBJECTS: write_objects(w, m->of, pointer_at(at), n); break;
	case MEMBER_BYTES:
		jw_string(w, (struct str){(const char *)bytes->data, bytes->len});
		break;
	case MEMBER_KEY_VERSION:
		jw_uint(w, vault_sealed_version(bytes->data, bytes->len));
		break;
	case MEMBER_COUNT: jw_uint(w, n); break;
	case MEMBER_TIME:
	case MEMBER_BESIDE: break;
	}
}

static void
write_members(struct json_writer *w, const struct members *members, const void *record)
{
	for (size_t i = 0; i < members->n; i++) {
		const struct member *m = &members->list[i];

		if (m->kind == MEMBER_BESIDE)
			continue;
		if (m->kind == MEMBER_TIME) {
			json_write_time(w, m->name, AS(int64_t, (const char *)record + m->at));
			continue;
		}
		jw_key(w, m->name);
		write_value(w, m, record);
	}
}

static void
write_revision(struct json_writer *w, uint64_t revision)
{
	jw_key(w, "revision");
	jw_uint(w, revision);
}

static void
write_record(struct json_writer *w, const struct members *members, const void *record,
    uint64_t revision, const struct held *held)
{
	jw_object(w);
	write_members(w, members, record);
	held_write(w, held);
	write_revision(w, revision);
	jw_object_end(w);
}

void
json_write_workspace(struct json_writer *w, const workspace_record *r, uint64_t revision,
    const struct held *held)
{
	write_record(w, &workspace_members, r, revision, held);
}

void
json_write_connection(struct json_writer *w, const connection_record *r, uint64_t revision,
    const struct held *held)
{
	write_record(w, &connection_members, r, revision, held);
}

void
json_write_rule(
    struct json_writer *w, const rule_record *r, uint64_t revision, const struct held *held)
{
	write_record(w, &rule_members, r, revision, held);
}

void
json_write_type_open(struct json_writer *w, const type_record *r, uint64_t revision)
{
	jw_object(w);
	write_members(w, &type_members, r);
	write_revision(w, revision);
}

void
json_write_type(struct json_writer *w, const type_record *r, uint64_t revision)
{
	json_write_type_open(w, r, revision);
	jw_object_end(w);
}

void
json_write_replay_open(struct json_writer *w, const replay_record *r, uint64_t revision)
{
	jw_object(w);
	write_members(w, &replay_members, r);
	write_revision(w, revision);
}

void
json_write_key_open(struct json_writer *w, const key_record *r, uint64_t revision)
{
	jw_object(w);
	write_members(w, &key_members, r);
	write_revision(w, revision);
}

void
json_write_event_open(struct json_writer *w, const event_record *r)
{
	jw_object(w);
	write_members(w, &event_record_members, r);
}

void
json_write_delivery_open(struct json_writer *w, const delivery_record *r)
{
	jw_object(w);
	write_members(w, &delivery_members, r);
}

void
json_write_attempts(struct json_writer *w, const delivery_record *r)
{
	jw_key(w, "attempts");
	write_objects(w, &attempt_members, pointer_at(&r->attempts), r->n_attempts);
}

void
json_write_delivery(struct json_writer *w, const delivery_record *r, bool with_attempts)
{
	json_write_delivery_open(w, r);
	if (with_attempts)
		json_write_attempts(w, r);
	jw_object_end(w);
}

void
json_write_delivery_of(
    struct json_writer *w, const delivery_record *r, const event_record *event)
{
	json_write_delivery_open(w, r);
	jw_key(w, "event_warnings");
	write_objects(
	    w, &event_warning_members, pointer_at(&event->warnings), event->n_warnings);
	json_write_attempts(w, r);
	jw_object_end(w);
}
