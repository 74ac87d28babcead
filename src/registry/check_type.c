#include "carillon/registry/check.h"

#include <strings.h>

#include "carillon/base/arena.h"
#include "carillon/base/id.h"
#include "carillon/base/json.h"
#include "carillon/registry/registry.h"
#include "carillon/registry/catalogue.h"

/* --- severity order --- */

/* A level, or one of its aliases. */
struct place {
	const type_record *type;
	size_t rank;
	const struct pointer *at;
	struct findings *f;
};

/* Whether level `rank` or one of its aliases is called `name`. */
static bool
is_called(const Carillon__V1__SeverityLevel *level, const char *name)
{
	if (strcasecmp(level->name, name) == 0)
		return true;
	for (size_t i = 0; i < level->n_aliases; i++)
		if (strcasecmp(level->aliases[i], name) == 0)
			return true;
	return false;
}

/* A word that stands for two levels would make "high" >= "medium" a matter of luck. */
static bool
check_word(const struct place *p, const char *word)
{
	struct str s = str_of(word);

	if (s.len == 0 || s.len > SEVERITY_NAME_MAX || !str_is_text(s))
		return findings_about(p->f, FINDING_TOO_LONG, p->at,
		    "severity order: a name has 1 to %d bytes of text, not %zu",
		    SEVERITY_NAME_MAX, s.len);
	for (size_t i = 0; i < p->rank; i++)
		if (is_called(p->type->severity_order[i], word))
			return findings_about(p->f, FINDING_REPEATED, p->at,
			    "severity order: \"%s\" stands for both \"%s\" and \"%s\"", word,
			    p->type->severity_order[i]->name,
			    p->type->severity_order[p->rank]->name);
	return true;
}

static bool
check_aliases(const struct place *level_place)
{
	struct place p = *level_place;
	const Carillon__V1__SeverityLevel *level = p.type->severity_order[p.rank];
	struct pointer aliases = {.up = p.at, .name = STR("aliases")}, at = {.up = &aliases};
	bool ok = true;

	if (level->n_aliases > SEVERITY_ALIASES_MAX)
		return findings_about(p.f, FINDING_TOO_MANY, &aliases,
		    "severity order: \"%s\" has %zu aliases; at most %d are allowed",
		    level->name, level->n_aliases, SEVERITY_ALIASES_MAX);
	p.at = &at;
	for (; at.index < level->n_aliases; at.index++)
		ok = check_word(&p, level->aliases[at.index]) && ok;
	return ok;
}

static bool
check_severities(const type_record *t, struct findings *f)
{
	struct pointer list = {.name = STR("severity_order")}, at = {.up = &list};
	struct place p = {.type = t, .at = &at, .f = f};
	bool ok = true;

	if (t->n_severity_order > SEVERITY_LEVELS_MAX)
		return findings_about(f, FINDING_TOO_MANY, &list,
		    "severity order: %zu levels; at most %d are allowed", t->n_severity_order,
		    SEVERITY_LEVELS_MAX);
	for (; p.rank < t->n_severity_order; p.rank++) {
		at.index = (uint32_t)p.rank;
		ok = check_word(&p, t->severity_order[p.rank]->name) && ok;
		ok = check_aliases(&p) && ok;
	}
	return ok;
}

/* --- schema and sample --- */

static void
add_difference(const struct schema_finding *d, void *arg)
{
	struct findings *f = arg;
	struct finding *one = findings_add(f, FINDING_NOT_AS_SCHEMA, NULL);

	/* The schema's pointer is written out already. */
	one->pointer =
	    arena_printf(f->arena, "%.*s%.*s", STR_ARG(one->pointer), STR_ARG(d->pointer));
	one->shown =
	    (struct str){one->pointer.ptr + one->pointer.len - d->pointer.len, d->pointer.len};
	one->text = arena_str(f->arena, d->sentence);
}

static bool
check_sample(
    struct arena *a, const type_record *t, const struct schema *schema, struct findings *f)
{
	const struct json *sample;

	if (t->sample[0] == '\0')
		return true;
	if (!findings_parse(f, a, str_of(t->sample), JSON_DEPTH_MAX, &sample))
		return false;
	if (sample->kind != JSON_OBJECT)
		return findings_at(f, FINDING_WRONG_KIND, NULL,
		    "is %s; it must be a JSON object", json_kind_name(sample->kind));
	return schema == NULL || schema_validate(schema, sample, a, add_difference, f);
}

/* Begins a member of the type, which people know as `label`. */
static void
enter(struct findings *f, struct finding_part *part, struct str member, struct str label)
{
	findings_enter(f, part, (struct pointer){.name = member}, label);
}

static bool
check_schema(struct arena *a, const type_record *t, struct findings *f)
{
	struct schema *schema = NULL;
	struct finding_part part;
	bool ok;

	enter(f, &part, STR("schema"), STR("schema"));
	ok = schema_compile(a, str_of(t->schema), &schema, f);
	findings_leave(f);
	enter(f, &part, STR("sample"), STR("sample"));
	(void)check_sample(a, t, schema, f);
	findings_leave(f);
	return ok;
}

/* --- template and default rules --- */

static bool
check_template(struct arena *a, const type_record *t, struct findings *f)
{
	const struct dest_template *template;
	struct finding_part part;
	bool ok;

	enter(f, &part, STR("default_template"), STR("default template"));
	ok = dest_default()->template_compile(a, str_of(t->default_template), &template, f);
	findings_leave(f);
	return ok;
}

static void
check_default_rule(const type_record *t, const rule_record *r, const struct event_type *type,
    struct findings *f)
{
	struct str pattern = str_of(r->event_type);

	if (pattern.len > 0 && !str_eq(pattern, str_of(t->name)))
		(void)findings_about(f, FINDING_NOT_TOGETHER, POINTER_TO("event_type"),
		    "event type \"%s\": must be the type itself, \"%s\"", r->event_type,
		    t->name);
	if (r->connection[0] != '\0' || r->channel[0] != '\0')
		(void)findings_about(f, FINDING_NOT_TOGETHER,
		    r->connection[0] != '\0' ? POINTER_TO("connection") : POINTER_TO("channel"),
		    "a default rule has no connection and no channel: each workspace chooses "
		    "its own");
	(void)check_rule_text(r, type, dest_default(), f);
}

/* `bare` is compiled: the type without what would be logged, because it is told here. */
static void
check_default_rules(
    struct arena *a, const type_record *t, const type_record *bare, struct findings *f)
{
	const struct event_type *type = event_type_compile(a, bare);
	struct finding_part list, rule;

	if (t->n_default_rules > DEFAULT_RULES_MAX) {
		(void)findings_about(f, FINDING_TOO_MANY, POINTER_TO("default_rules"),
		    "default rules: there are %zu; at most %d are allowed", t->n_default_rules,
		    DEFAULT_RULES_MAX);
		return;
	}
	enter(f, &list, STR("default_rules"), STR(""));
	for (uint32_t i = 0; i < t->n_default_rules; i++) {
		findings_enter(f, &rule, (struct pointer){.index = i},
		    arena_printf(a, "default rule %u", i + 1));
		check_default_rule(t, t->default_rules[i], type, f);
		findings_leave(f);
	}
	findings_leave(f);
}

static void
check_texts(const type_record *t, struct findings *f)
{
	struct str name = str_of(t->name);

	if (name.len == 0)
		(void)findings_about(f, FINDING_MISSING, POINTER_TO("name"),
		    "there is no \"name\": an event type is called like alert.triggered");
	else if (name.len > EVENT_TYPE_MAX || !id_is_event_type(name))
		(void)findings_about(f, FINDING_BAD_FORM, POINTER_TO("name"),
		    "event type \"%s\": use dot-separated words of letters, digits, "
		    "\"_\" and \"-\", at most %d bytes",
		    t->name, EVENT_TYPE_MAX);
	if (!str_is_text(str_of(t->description)))
		(void)findings_about(f, FINDING_BAD_FORM, POINTER_TO("description"),
		    "description: not UTF-8 text");
}

bool
check_type(const type_record *t, struct findings *f)
{
	char *nothing = (char *)(uintptr_t)protobuf_c_empty_string;
	int before = findings_count(f);
	struct arena *a = arena_new(0);
	type_record bare = *t;

	bare.n_default_rules = 0;
	check_texts(t, f);
	(void)check_severities(t, f);
	if (!check_schema(a, t, f))
		bare.schema = nothing;
	if (!check_template(a, t, f))
		bare.default_template = nothing;
	check_default_rules(a, t, &bare, f);
	arena_free(a);
	return findings_count(f) == before;
}
