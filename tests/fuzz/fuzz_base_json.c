/*
 * Any bytes: what we read jansson reads alike, and written and read again it is the same. See
 * against_jansson.h for where the two may differ. Numbers also compare as doubles do.
 */
#include "../unit/base/against_jansson.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct json *last_number;

static void
compare_numbers(const struct json *v)
{
	double a, b;

	JSON_EACH (child, v)
		compare_numbers(child);
	if (v->kind != JSON_NUMBER)
		return;
	if (last_number && json_double(last_number, &a) && json_double(v, &b)) {
		int order = json_number_cmp(last_number->text, v->text);

		must(order == -json_number_cmp(v->text, last_number->text));
		must(a <= b || order > 0);
		must(a >= b || order < 0);
	}
	last_number = v;
}

/* What needs no mending is read the same, and what was mended is JSON when it is written. */
static void
check_mending(struct arena *a, struct str text)
{
	struct json_flaws flaws;
	const struct json *v, *again;
	struct buf out = {0};
	struct json_writer w;
	bool is_strict = json_parse(a, text, JSON_DEPTH_MAX, &v, NULL);
	bool is_read = json_parse_mending(a, text, JSON_DEPTH_MAX, &v, &flaws, NULL);
	uint32_t n = 0;

	for (int i = 0; i < JSON_FLAWS; i++)
		n += flaws.count[i];
	must(!is_strict || (is_read && n == 0));
	must(is_strict || !is_read || n > 0);
	(void)json_skim(a, text);
	if (!is_read)
		return;
	jw_init(&w, &out);
	jw_value(&w, v);
	must(json_parse(a, buf_view(&out), JSON_DEPTH_MAX, &again, NULL));
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	struct arena *a = arena_new(0);
	const struct json *v;

	last_number = NULL;
	if (check_against_jansson(text) && json_parse(a, text, JSON_DEPTH_MAX, &v, NULL))
		compare_numbers(v);
	check_mending(a, text);
	arena_free(a);
	return 0;
}
