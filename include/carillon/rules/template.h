/*
 * The text templates of a rule's slots: a strict subset of Liquid. What is accepted renders as
 * LiquidJS renders it, except `date` and what a destination's dialect escapes; everything else
 * is refused at compile time with line, column and a suggestion. Compiled once, read-only
 * after; any thread may render.
 *
 *     {{ payload.value | minus: payload.threshold | round: 1 }}
 *     {% if payload.severity == "high" %}...{% elsif %}...{% else %}...{% endif %}
 *     {% for x in payload.items limit: 5 %}...{% endfor %}
 *
 * Names: payload, event (type, resource, resource_id, id, source, time, workspace), and forloop
 * inside a loop. Filters: template_filters.def. Bounded: source 16 KiB, nesting 8, loop 50
 * turns, output 16 KiB, and steps.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/base/buf.h"
#include "carillon/base/findings.h"
#include "carillon/rules/event.h"

struct template;

/* Where in the markup that the template's own text has opened the next value stands. */
struct template_mark {
	int place;      /* the dialect's own numbers; 0: in plain text */
	bool in_path;   /* in the path or the query of a web address: values are encoded */
	size_t open_at; /* offset in the output of what opened the markup */
};

/*
 * A dialect: how a destination writes what templates substitute, never the template's own text.
 * Pure functions of a constant; each appends to `out`. All but `put` may be NULL: there is no
 * markup then.
 */
struct template_dialect {
	/* Moves the mark behind `literal`, the template's own text, written from `at` on. */
	void (*follow)(struct template_mark *m, struct str literal, size_t at);
	/* Called before a value. True if it had to turn opened markup into text, because the
	 * value would have chosen what the markup does. */
	bool (*disarm)(struct template_mark *m, struct buf *out);
	/* Writes a value as text and nothing else: at most `room` bytes, cut on a character.
	 * False if it was cut. */
	bool (*put)(struct str value, int place, bool one_line, size_t room, struct buf *out);
	/* Writes the time as each reader should see it. `*plain` is the part of what was
	 * written, or of `form`, that says the same as plain text. */
	void (*put_date)(int64_t unix_s, struct str form, struct buf *out, struct str *plain);
	/* Writes a link to `url`, which is safe. An empty label is the URL's own text. */
	void (*put_link)(struct str url, struct str label, struct buf *out);
};

struct template_error {
	int line, column;    /* from 1, characters */
	char text[200];      /* lower case: unknown filter "upcse" */
	char advice[80];     /* add {% endif %}, or empty */
	char suggestion[80]; /* the word that was probably meant: upcase; or empty */
};

MUST_USE bool template_compile(
    struct arena *a, struct str source, struct template **out, struct template_error *e);
/* An error at `at`, in the slot of that name (empty: it is in none). Returns false. */
bool template_found(struct findings *f, const struct pointer *at, struct str slot,
    const struct template_error *e);

struct template_warnings {
	int missing; /* paths that led nowhere */
	struct str first_missing;
	bool cut;      /* output or step limit was reached: what follows is missing */
	bool bad_date; /* the filter date was given what it cannot read */
	bool disarmed; /* a value stood inside the template's own <...> and was made text */
	size_t loop_length;    /* elements of the first loop that was ended, or 0 */
	struct str structured; /* the first path of a key to a list or an object, or empty */
};
/* What a rendering depends on beside template and event. */
struct template_context {
	const struct template_dialect *dialect; /* NULL: plain text, as LiquidJS writes it */
	bool one_line;                          /* line breaks in values become spaces */
	bool is_url;         /* the whole is a web address: values in its path are encoded */
	struct str severity; /* event.severity; empty if there is none */
	bool is_key; /* it is compared: lists and objects are JSON, and nothing is left out */
	/* That several renderings may take together, and counted down; NULL: this one has its
	 * own. */
	int *steps_left;
	struct buf *buffers; /* TEMPLATE_BUFFERS of the caller's, to be reused; or NULL */
};
enum {
	TEMPLATE_BUFFERS = 4,
	TEMPLATE_TURNS_MAX = 50, /* of a loop; the rest is counted */
};

/* Appends to `out`. Cannot fail: limits cut. `w` may be NULL. */
void template_run(const struct template *t, const struct event *ev,
    const struct template_context *context, struct buf *out, struct template_warnings *w);
/* The same with nothing given but the dialect, which may be NULL: severities have their usual
 * order. */
void template_render(const struct template *t, const struct event *ev,
    const struct template_dialect *dialect, struct buf *out, struct template_warnings *w);
/* Whether it has no substitution: the same text for every event. */
bool template_is_constant(const struct template *t);

/* The text that a template makes of one value of a payload. It is the value's own, or stands in
 * `tmp`. */
struct str template_text_of(const struct json *v, struct buf *tmp);
/* Appends a time in UTC, in the form of the filter `date`; for dialects. */
void template_put_date(int64_t unix_s, struct str form, struct buf *out);
/* Whether the filter `date` reads this value of a payload as a time. */
bool template_is_time(const struct json *v);
/* Whether `url` is http or https with a host, and short enough for a link. */
bool template_link_is_safe(struct str url);
