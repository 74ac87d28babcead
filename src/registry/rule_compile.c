#include "carillon/registry/rulebook.h"

#include "carillon/base/arena.h"

/* Begins a member of the rule, which people know as `label`. */
static void
enter(struct findings *f, struct finding_part *part, struct str member, struct str label)
{
	findings_enter(f, part, (struct pointer){.name = member}, label);
}

/* Copied, but not once more where the catalogue has the same text. */
static struct str
pattern_of(struct arena *a, const rule_record *rec, const struct event_type *type)
{
	struct str pattern = str_of(rec->event_type);

	return type != NULL && str_eq(type->name, pattern) ? type->name : arena_str(a, pattern);
}

static struct str
copy(struct arena *a, const char *text)
{
	return text[0] == '\0' ? (struct str){0} : arena_str(a, str_of(text));
}

static void
compile_filter(struct arena *a, const rule_record *rec, const struct event_type *type,
    struct rule *out, struct findings *f)
{
	struct str text = str_of(rec->filter);
	struct filter *filter = NULL;
	struct finding_part part;

	out->filter = event_type_filter(type, text);
	if (out->filter != NULL)
		return;
	enter(f, &part, STR("filter"), STR("filter"));
	if (filter_compile(a, text, out->order, type ? type->schema : NULL, &filter, f))
		out->filter = filter;
	findings_leave(f);
}

/* The rule's own template, else its event type's, else the one that the destination has. */
static void
compile_template(struct arena *a, const rule_record *rec, const struct event_type *type,
    const struct dest_type *dest, struct rule *out, struct findings *f)
{
	struct str text = str_of(rec->template_);
	struct finding_part part;

	out->template = event_type_template(type, dest, text);
	if (out->template != NULL)
		return;
	enter(f, &part, STR("template"), STR("template"));
	if (!dest->template_compile(a, text, &out->template, f))
		out->template = NULL;
	findings_leave(f);
}

/* A key is a template too, but of plain text: it is compared, not shown. */
static void
compile_key(struct rule *out, struct arena *a, enum key_use use, const char *text,
    int64_t age_ms, struct findings *f)
{
	struct template_error e;
	struct template *t;

	if (text[0] == '\0')
		return;
	if (!template_compile(a, str_of(text), &t, &e)) {
		(void)template_found(f, NULL, (struct str){0}, &e);
		return;
	}
	out->key[use] = t;
	out->key_age_ms[use] = age_ms;
}

static void
compile_keys(struct rule *out, struct arena *a, const rule_record *rec, struct findings *f)
{
	const int64_t hour_ms = 3600000, minute_ms = 60000;
	struct finding_part part;

	enter(f, &part, STR("thread_key"), STR("thread key"));
	compile_key(out, a, KEY_THREAD, rec->thread_key, rec->thread_hours * hour_ms, f);
	findings_leave(f);
	enter(f, &part, STR("update_key"), STR("update key"));
	compile_key(out, a, KEY_UPDATE, rec->update_key, 0, f);
	findings_leave(f);
	enter(f, &part, STR("dedupe_key"), STR("dedupe key"));
	compile_key(out, a, KEY_DEDUPE, rec->dedupe_key, rec->dedupe_minutes * minute_ms, f);
	findings_leave(f);
}

static void
compile_quiet(struct rule *out, struct arena *a, const rule_record *rec, struct findings *f)
{
	struct quiet *quiet;
	struct finding_part part;

	enter(f, &part, STR("quiet_hours"), STR("quiet hours"));
	if (quiet_compile(a, rec->quiet_hours, out->order, &quiet, f))
		out->quiet = quiet;
	findings_leave(f);
}

const uint32_t *
schedule_copy(struct arena *a, const uint32_t *retry_s, size_t n)
{
	uint32_t *steps;

	if (n == 0)
		return NULL;
	steps = ARENA_ARRAY(a, uint32_t, n);
	memcpy(steps, retry_s, n * sizeof(*steps));
	return steps;
}

void
rule_compile(struct arena *a, const rule_record *rec, const struct event_type *type,
    const struct dest_type *dest, struct rule *out, struct findings *f)
{
	int before = f->n, before_all = findings_count(f);

	*out = (struct rule){
	    .id = copy(a, rec->id),
	    .pattern = pattern_of(a, rec, type),
	    .channel = copy(a, rec->channel),
	    .hold_reason = copy(a, rec->hold_reason),
	    .repair = (enum repair)rec->repair,
	    .active = rec->active,
	    .test_event = copy(a, rec->test_event),
	    .order = type ? type->order : severity_default(),
	    .prefer_silence =
		rec->on_unknown == CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE,
	    .plain_text_fallback = rec->on_message_error ==
	                           CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_PLAIN_TEXT,
	    .on_burst = rec->on_burst,
	};
	out->retry_s = schedule_copy(a, rec->retry_s, rec->n_retry_s);
	out->n_retry = (int)rec->n_retry_s;
	compile_filter(a, rec, type, out, f);
	compile_template(a, rec, type, dest, out, f);
	compile_keys(out, a, rec, f);
	compile_quiet(out, a, rec, f);
	if (findings_count(f) > before_all)
		out->problem = arena_str(a, finding_sentence(f, &f->items[before]));
}
