#include "carillon/rules/filter.h"

#include "value.h"

/* An alias has the rank of the level before it. */
struct word {
	struct str text;
	bool is_alias;
};

struct severity_order {
	size_t n_words;
	const struct word *words; /* least severe first: a level, its aliases, ... */
};

#define WORD(s) .text = {s, sizeof(s) - 1}

const struct severity_order *
severity_default(void)
{
	static const struct word words[] = {
#define LEVEL(name) {WORD(#name)},
#define ALIAS(name) {WORD(#name), .is_alias = true},
#include "rules/severities.def"
#undef LEVEL
#undef ALIAS
	};
	static const struct severity_order order = {.n_words = COUNT_OF(words), .words = words};

	return &order;
}

const struct severity_order *
severity_new(struct arena *a, const type_record *type)
{
	if (!type || type->n_severity_order == 0)
		return severity_default();
	struct severity_order *o = ARENA_NEW(a, struct severity_order);
	size_t n = type->n_severity_order;
	for (size_t i = 0; i < type->n_severity_order; i++)
		n += type->severity_order[i]->n_aliases;
	struct word *words = ARENA_ARRAY(a, struct word, n);
	for (size_t rank = 0; rank < type->n_severity_order; rank++) {
		const Carillon__V1__SeverityLevel *level = type->severity_order[rank];

		words[o->n_words++].text =
		    arena_str(a, value_text_trimmed(str_of(level->name)));
		for (size_t i = 0; i < level->n_aliases; i++) {
			words[o->n_words].is_alias = true;
			words[o->n_words++].text =
			    arena_str(a, value_text_trimmed(str_of(level->aliases[i])));
		}
	}
	o->words = words;
	return o;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
eq_ignoring_case(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	}
	return true;
}

/* 1.0 is the level "1": a producer's library decides how a number is written. */
static bool
is_named(struct str word, struct str name, bool is_number)
{
	return eq_ignoring_case(word, name) ||
	       (is_number && value_is_number_text(word) && json_number_cmp(word, name) == 0);
}

int
severity_rank(const struct severity_order *o, struct str name)
{
	int rank = -1;
	bool is_number;

	name = value_text_trimmed(name);
	is_number = value_is_number_text(name);
	for (size_t i = 0; i < o->n_words; i++) {
		rank += !o->words[i].is_alias;
		if (is_named(o->words[i].text, name, is_number))
			return rank;
	}
	return -1;
}

struct str
severity_text(const struct json *v)
{
	if (v == NULL || (v->kind != JSON_STRING && v->kind != JSON_NUMBER))
		return (struct str){0};
	return value_text_trimmed(v->text);
}

int
severity_rank_of(const struct severity_order *o, const struct json *payload)
{
	return severity_rank(o, severity_text(json_get(payload, STR("severity"))));
}

struct str
severity_of(const struct severity_order *o, const struct json *payload)
{
	int rank = severity_rank_of(o, payload);

	return rank < 0 ? severity_text(json_get(payload, STR("severity")))
	                : severity_name(o, rank);
}

struct str
severity_name(const struct severity_order *o, int rank)
{
	for (size_t i = 0; i < o->n_words; i++) {
		if (!o->words[i].is_alias && rank-- == 0)
			return o->words[i].text;
	}
	return (struct str){0};
}

int
severity_count(const struct severity_order *o)
{
	int n = 0;

	for (size_t i = 0; i < o->n_words; i++)
		n += !o->words[i].is_alias;
	return n;
}
