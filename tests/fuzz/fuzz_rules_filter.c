/*
 * Any text as a filter, on any payload: "<filter>\n<payload>", or with "<schema>\n" before.
 * What compiles must run, and be explained with the same result.
 */
#include "carillon/rules/filter.h"
#include "carillon/rules/schema.h"

#include "fuzz_findings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct str
take_line(struct str *rest)
{
	const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
	struct str line = {rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len};

	*rest = (struct str){line.ptr ? line.ptr + line.len + (end != NULL) : NULL,
	    rest->len - line.len - (end != NULL)};
	return line;
}

static void
see(const struct filter_finding *f, void *arg)
{
	size_t *n = arg;

	must(f->sentence.len > 0 && str_is_text(f->sentence) && str_is_text(f->pointer));
	must(str_is_text(f->value) && str_is_text(f->actual));
	++*n;
}

static void
run(struct arena *a, const struct filter *f, struct str payload)
{
	struct event ev = {.id = STR("evt_1"), .type = STR("a.b"), .payload_text = payload};
	struct err e;
	size_t n = 0;

	if (!json_parse(a, payload, JSON_DEPTH_MAX, &ev.payload, &e))
		return;
	must(filter_matches(f, &ev) == filter_explain(f, &ev, a, see, &n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *a = arena_new(0);
	struct str rest = {(const char *)bytes, size}, first = take_line(&rest);
	struct str second = take_line(&rest);
	struct schema *schema = NULL;
	struct filter *f;
	struct findings found;

	findings_init(&found, a);
	if (rest.len > 0 && !schema_compile(a, first, &schema, &found)) {
		check_findings(&found);
	} else if (!filter_compile(
		       a, rest.len > 0 ? second : first, NULL, schema, &f, &found)) {
		check_findings(&found);
	} else {
		run(a, f, rest.len > 0 ? rest : second);
	}
	arena_free(a);
	return 0;
}
