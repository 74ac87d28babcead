#include "carillon/registry/rulebook.h"

#include "carillon/base/arena.h"

static void
template_problem(struct rule *out, struct arena *a, const struct dest_template_error *te)
{
	if (te->line > 0)
		out->problem = arena_printf(a, "template: %s, line %d, column %d: %s", te->slot,
		    te->line, te->column, te->text);
	else
		out->problem = arena_printf(
		    a, "template: %s%s%s", te->slot, te->slot[0] ? ": " : "", te->text);
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

static bool
compile_filter(
    struct arena *a, const rule_record *rec, const struct event_type *type, struct rule *out)
{
	struct str text = str_of(rec->filter);
	struct filter *filter = NULL;
	struct err e = {0};

	out->filter = event_type_filter(type, text);
	if (out->filter != NULL)
		return true;
	if (!filter_compile(a, text, out->order, type ? type->schema : NULL, &filter, &e)) {
		out->problem = arena_str(a, str_of(e.text)); /* says "filter: " itself */
		return false;
	}
	out->filter = filter;
	return true;
}

/* The rule's own template, else its event type's, else the one that the destination has. */
static bool
compile_template(struct arena *a, const rule_record *rec, const struct event_type *type,
    const struct dest_type *dest, struct rule *out)
{
	struct str text = str_of(rec->template_);
	struct dest_template_error te = {0};

	out->template = event_type_template(type, dest, text);
	if (out->template != NULL || dest->template_compile(a, text, &out->template, &te))
		return true;
	template_problem(out, a, &te);
	return false;
}

/* A key is a template too, but of plain text: it is compared, not shown. */
static bool
compile_key(struct rule *out, struct arena *a, enum key_use use, const char *name,
    const char *text, int64_t age_ms)
{
	struct template_error te = {0};
	struct template *t;

	if (text[0] == '\0')
		return true;
	if (!template_compile(a, str_of(text), &t, &te)) {
		out->problem = arena_printf(a, "%s: line %d, column %d: %s%s%s", name, te.line,
		    te.column, te.text, te.suggestion[0] ? "; " : "", te.suggestion);
		return false;
	}
	out->key[use] = t;
	out->key_age_ms[use] = age_ms;
	return true;
}

static bool
compile_keys(struct rule *out, struct arena *a, const rule_record *rec)
{
	const int64_t hour_ms = 3600000, minute_ms = 60000;

	return compile_key(out, a, KEY_THREAD, "thread key", rec->thread_key,
		   rec->thread_hours * hour_ms) &&
	       compile_key(out, a, KEY_UPDATE, "update key", rec->update_key, 0) &&
	       compile_key(out, a, KEY_DEDUPE, "dedupe key", rec->dedupe_key,
		   rec->dedupe_minutes * minute_ms);
}

static bool
compile_quiet(struct rule *out, struct arena *a, const rule_record *rec)
{
	struct quiet *quiet;
	struct err e = {0};

	if (!quiet_compile(a, rec->quiet_hours, out->order, &quiet, &e)) {
		out->problem = arena_printf(a, "quiet hours: %s", e.text);
		return false;
	}
	out->quiet = quiet;
	return true;
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
    const struct dest_type *dest, struct rule *out)
{
	*out = (struct rule){
	    .id = copy(a, rec->id),
	    .pattern = pattern_of(a, rec, type),
	    .channel = copy(a, rec->channel),
	    .hold_reason = copy(a, rec->hold_reason),
	    .repair = (enum repair)rec->repair,
	    .active = rec->active,
	    .order = type ? type->order : severity_default(),
	    .prefer_silence =
		rec->on_unknown == CARILLON__V1__ON_UNKNOWN__ON_UNKNOWN_PREFER_SILENCE,
	    .plain_text_fallback = rec->on_message_error ==
	                           CARILLON__V1__ON_MESSAGE_ERROR__ON_MESSAGE_ERROR_PLAIN_TEXT,
	    .on_burst = rec->on_burst,
	};
	out->retry_s = schedule_copy(a, rec->retry_s, rec->n_retry_s);
	out->n_retry = (int)rec->n_retry_s;
	/* out->problem says what is wrong */
	(void)(compile_filter(a, rec, type, out) && compile_template(a, rec, type, dest, out) &&
	       compile_keys(out, a, rec) && compile_quiet(out, a, rec));
}
