/* A producer in C: see ../run.mjs for what it is asked. */
#include <nats/nats.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carillon/v1/event.pb-c.h"

enum { LINE_MAX_BYTES = 1 << 20, FIELDS = 9, COLUMNS = 3 + FIELDS, CONNECT_TRIES = 3 };

static void
must(natsStatus s)
{
	if (s == NATS_OK)
		return;
	fprintf(stderr, "%s: %s\n", natsStatus_GetText(s), nats_GetLastError(NULL));
	exit(1);
}

/* --- conformance --- */

static bool
field_is(const char *wanted, const void *bytes, size_t len)
{
	return strlen(wanted) == len && memcmp(wanted, bytes, len) == 0;
}

static bool
number_is(const char *wanted, const Google__Protobuf__Timestamp *time, long long number)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", number);
	return strcmp(wanted, time ? text : "") == 0;
}

static bool
has_fields(const Carillon__V1__Event *e, char *const wanted[FIELDS])
{
	const char *own[] = {
	    e->id, e->type, e->source, e->resource, e->resource_id, e->thread_key};
	const char *text =
	    e->data_case == CARILLON__V1__EVENT__DATA_TEXT_DATA ? e->text_data : "";
	bool ok = number_is(wanted[6], e->time, e->time ? e->time->seconds : 0) &&
	          number_is(wanted[7], e->time, e->time ? e->time->nanos : 0);

	for (int i = 0; i < 6; i++)
		ok = ok && strcmp(own[i], wanted[i]) == 0;
	return ok && (e->data_case == CARILLON__V1__EVENT__DATA_BINARY_DATA
			     ? field_is(wanted[8], e->binary_data.data, e->binary_data.len)
			     : strcmp(wanted[8], text) == 0);
}

static size_t
from_hex(uint8_t *out, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			exit(2);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static bool
agrees(char *const columns[COLUMNS])
{
	static uint8_t raw[LINE_MAX_BYTES], again[LINE_MAX_BYTES];
	size_t len = from_hex(raw, columns[1]);
	Carillon__V1__Event *event = carillon__v1__event__unpack(NULL, len, raw), *twice;
	bool ok = event != NULL && has_fields(event, columns + 3) &&
	          carillon__v1__event__get_packed_size(event) == len;

	if (!ok)
		return false;
	carillon__v1__event__pack(event, again);
	twice = carillon__v1__event__unpack(NULL, len, again);
	ok = twice != NULL && has_fields(twice, columns + 3);
	carillon__v1__event__free_unpacked(event, NULL);
	if (twice != NULL)
		carillon__v1__event__free_unpacked(twice, NULL);
	return ok;
}

static int
conformance(const char *path)
{
	static char line[LINE_MAX_BYTES];
	FILE *f = fopen(path, "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		char *columns[COLUMNS] = {0}, *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < COLUMNS && line[0] != '#'; i++)
			columns[i] = strsep(&rest, "\t");
		if (line[0] != '#')
			printf("%s %s\n", agrees(columns) ? "ok" : "differs", columns[0]);
	}
	return f == NULL;
}

/* --- publishing --- */

static char refused[256];

static void
on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
	const char *text = NULL;

	(void)sub;
	(void)closure;
	if (s == NATS_NOT_PERMITTED && natsConnection_GetLastError(nc, &text) != NATS_OK &&
	    text)
		snprintf(refused, sizeof refused, "%s", text);
}

/* libnats 3.4 sends no signature one time in 256: a credential is shown more than once. */
static natsConnection *
connect_producer(const char *url, const char *creds, const char *inbox)
{
	natsOptions *options;
	natsConnection *nc = NULL;
	natsStatus s = NATS_CONNECTION_AUTH_FAILED;

	must(natsOptions_Create(&options));
	must(natsOptions_SetURL(options, url));
	must(natsOptions_SetUserCredentialsFromFiles(options, creds, NULL));
	must(natsOptions_SetErrorHandler(options, on_error, NULL));
	if (inbox != NULL)
		must(natsOptions_SetCustomInboxPrefix(options, inbox));
	for (int i = 0; i < CONNECT_TRIES && s == NATS_CONNECTION_AUTH_FAILED; i++)
		s = natsConnection_Connect(&nc, options);
	must(s);
	natsOptions_Destroy(options);
	return nc;
}

static natsStatus
send_order(
    natsConnection *nc, const char *subject, const char *number, int64_t wait_ms, uint64_t *seq)
{
	Carillon__V1__Event event = CARILLON__V1__EVENT__INIT;
	jsPubOptions options;
	jsPubAck *ack = NULL;
	jsCtx *js;
	uint8_t body[1024];
	char id[32];
	natsStatus s;

	snprintf(id, sizeof id, "order-%s", number);
	event.id = id;
	event.type = "order.created";
	event.resource = "order";
	event.resource_id = (char *)number;
	event.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	event.text_data = "{\"severity\": \"high\"}";
	must(jsPubOptions_Init(&options));
	options.MaxWait = wait_ms;
	must(natsConnection_JetStream(&js, nc, NULL));
	s = js_Publish(&ack, js, subject, body, (int)carillon__v1__event__pack(&event, body),
	    &options, NULL);
	if (s == NATS_OK)
		*seq = ack->Sequence;
	jsPubAck_Destroy(ack);
	jsCtx_Destroy(js);
	return s;
}

static int
publish(const char *url, const char *creds, const char *workspace)
{
	char own[256], inbox[128];
	natsConnection *nc, *other;
	uint64_t seq = 0;
	natsStatus s;

	snprintf(own, sizeof own, "carillon.events.%s.order.created", workspace);
	snprintf(inbox, sizeof inbox, "_INBOX.%s", workspace);
	nc = connect_producer(url, creds, inbox);
	must(send_order(nc, own, "1", 10000, &seq));
	printf("acked %llu\n", (unsigned long long)seq);
	s = send_order(nc, "carillon.events.globex.order.created", "1", 2000, &seq);
	printf("%s %s\n", s == NATS_OK ? "stored" : "refused", refused);
	/* With the usual inbox the event is stored, and its answer never comes: it is sent
	 * again. */
	other = connect_producer(url, creds, NULL);
	s = send_order(other, own, "2", 2000, &seq);
	printf("%s %s\n", s == NATS_OK ? "stored" : "timeout", natsStatus_GetText(s));
	natsConnection_Destroy(other);
	must(send_order(nc, own, "2", 10000, &seq));
	printf("again %llu\n", (unsigned long long)seq);
	natsConnection_Destroy(nc);
	nats_Close();
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "conformance") == 0)
		return conformance(argv[2]);
	return argc == 5 ? publish(argv[2], argv[3], argv[4]) : 2;
}
