/*
 * A webhook's template on any payload, "<payload line>\n<template>", and the same bytes as what
 * a customer hands in for a credential. What compiles makes one JSON object; what is taken
 * signs.
 */
#include "dest/webhook/webhook.h"

#include "fuzz_lines.h"

static void
render(struct arena *a, struct str payload, struct str source)
{
	struct event ev = {.type = STR("a.b"), .payload_text = payload};
	const struct dest_template *t;
	const struct json *root;
	struct findings f;
	struct buf out = {0};
	struct json_writer w;
	struct err e;

	findings_init(&f, a);
	if (!json_parse(a, payload, JSON_DEPTH_MAX, &ev.payload, &e))
		ev.payload = NULL;
	if (!dest_webhook.template_compile(a, source, &t, &f)) {
		must(findings_count(&f) > 0);
		return;
	}
	jw_init(&w, &out);
	dest_webhook.write_native(&w, dest_webhook.render(t, &ev, severity_default(), a));
	must(json_parse(a, buf_view(&out), JSON_DEPTH_MAX + 3, &root, &e));
	must(root->kind == JSON_OBJECT && root->count == 3);
	buf_fini(&out);
}

static void
sign(struct str text)
{
	struct secret *given = secret_new(SECRET_MAX), *credential = secret_new(SECRET_MAX);
	const struct dest_call call = {.base_url = "https://a.test/", .credential = credential};
	struct http_request req = {0};
	struct err e;

	http_request_init(&req);
	if (secret_append(given, text.ptr, text.len) &&
	    dest_webhook.take(credential, given, NULL, (wall_t){0}, &e))
		must(dest_webhook.compose_test(&req, &call, &e));
	http_request_fini(&req);
	secret_free(given);
	secret_free(credential);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str payload, source;
	struct arena *a;

	sign((struct str){(const char *)bytes, size});
	if (!cut_in_two(bytes, size, &payload, &source))
		return 0;
	a = arena_new(0);
	render(a, payload, source);
	arena_free(a);
	return 0;
}
