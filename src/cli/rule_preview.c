/* Trying a rule on an event, with the code that real deliveries use. */
#include <stdio.h>

#include "carillon/clock.h"
#include "flow/decode.h"
#include "flow/ruleset_build.h"

#include "event_file.h"
#include "output.h"
#include "rule.h"

/* A rule and an event that have met. */
struct trial {
	rule_record *record;
	struct rule rule;
	struct message *message;
	bool type_matches;
};

/* The catalogue entry of the rule's type: the workspace's own, else the shared one, or NULL. */
static const type_record *
type_of_rule(struct command *c, const rule_record *r)
{
	struct str name = str_of(r->event_type);
	const type_record *own =
	    registry_type(c->registry, c->arena, command_argument(c, 0), name, NULL, NULL);

	if (own != NULL)
		return own;
	return registry_type(c->registry, c->arena, CATALOGUE_WORKSPACE, name, NULL, NULL);
}

static bool
trial_begin(struct trial *t, struct command *c, struct err *e)
{
	event_message msg;
	uint64_t revision;

	*t = (struct trial){0};
	if (!event_file_read(c, c->options[OPTION_EVENT], NULL, &msg, e) ||
	    !command_open(c, NEED_STATE, e))
		return false;
	t->record = rule_of_arguments(c, &revision, e);
	if (t->record == NULL)
		return false;
	rule_compile(c->arena, t->record, type_of_rule(c, t->record), &t->rule);
	if (t->rule.problem.len > 0)
		return fail(
		    e, ERR_INPUT, "rule %s: %.*s", t->record->id, STR_ARG(t->rule.problem));
	t->message = message_new(ORIGIN_LEDGER, 0);
	t->message->received_at = clock_wall();
	if (!decode(t->message, command_argument(c, 0), str_of(msg.type),
		record_pack(c->arena, &msg))) {
		(void)fail(e, ERR_INPUT, "%s: %.*s", c->options[OPTION_EVENT],
		    STR_ARG(t->message->failure));
		message_free(t->message);
		return false;
	}
	t->type_matches = id_type_matches(t->rule.pattern, t->message->event.type);
	return true;
}

/* Why the rule does not even look at the event; empty if it does. */
static struct str
refusal(struct command *c, const struct trial *t)
{
	if (!t->type_matches)
		return arena_printf(c->arena,
		    "the rule is for events of type \"%.*s\"; this "
		    "one is \"%.*s\"",
		    STR_ARG(t->rule.pattern), STR_ARG(t->message->event.type));
	if (!t->rule.active)
		return STR("the rule is inactive: it matches nothing until it is enabled");
	return (struct str){0};
}

static bool
matches(const struct trial *t)
{
	return t->type_matches && t->rule.active &&
	       filter_matches(t->rule.filter, &t->message->event);
}

/* --- rule test --- */

struct explaining {
	struct command *command;
	struct json_writer *w;
};

static void
explain_one(const struct filter_finding *f, void *arg)
{
	struct explaining *x = arg;

	if (!command_has(x->command, OPTION_JSON))
		printf("%-3s  %*s%.*s\n", f->result ? "yes" : "no", 2 * f->depth, "",
		    STR_ARG(f->sentence));
	jw_object(x->w);
	jw_kv_string(x->w, "pointer", f->pointer);
	jw_kv_int(x->w, "depth", f->depth);
	jw_kv_bool(x->w, "result", f->result);
	jw_kv_string(x->w, "sentence", f->sentence);
	jw_object_end(x->w);
}

bool
verb_rule_test(struct command *c, struct err *e)
{
	struct document doc;
	struct explaining x = {c, &doc.w};
	struct trial t;
	struct str why;

	if (!trial_begin(&t, c, e))
		return false;
	why = refusal(c, &t);
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_bool(&doc.w, "matched", matches(&t));
	jw_kv_string(&doc.w, "reason", why);
	jw_key(&doc.w, "conditions");
	jw_array(&doc.w);
	(void)filter_explain(t.rule.filter, &t.message->event, c->arena, explain_one, &x);
	jw_array_end(&doc.w);
	jw_object_end(&doc.w);
	if (command_has(c, OPTION_JSON)) {
		document_end(&doc);
	} else {
		printf("%s%s%.*s\n", matches(&t) ? "matches" : "does not match",
		    why.len > 0 ? ": " : "", STR_ARG(why));
		buf_fini(&doc.text);
	}
	message_free(t.message);
	return true;
}

/* --- rule preview --- */

static void
write_preview(
    struct json_writer *w, struct command *c, const struct trial *t, const struct rendered *r)
{
	jw_object(w);
	jw_kv_bool(w, "matched", matches(t));
	jw_kv_string(w, "reason",
	    matches(t) || refusal(c, t).len > 0
		? refusal(c, t)
		: STR("the filter does not accept this event; `carillon rule test` "
		      "says which condition"));
	jw_kv_cstr(w, "channel", t->record->channel);
	jw_kv_string(w, "text", r->text);
	jw_kv_string(w, "color", r->color);
	jw_key(w, "blocks");
	if (r->blocks.len > 0)
		jw_raw(w, r->blocks);
	else
		jw_null(w);
	jw_key(w, "warnings");
	jw_array(w);
	for (int i = 0; i < r->n_warnings; i++)
		jw_string(w, r->warnings[i]);
	jw_array_end(w);
	jw_object_end(w);
}

bool
verb_rule_preview(struct command *c, struct err *e)
{
	struct rendered rendered = {0};
	struct document doc;
	struct trial t;

	if (!trial_begin(&t, c, e))
		return false;
	message_render(t.rule.template, &t.message->event, t.rule.order, c->arena, &rendered);
	if (command_has(c, OPTION_BLOCKS)) {
		/* The form that Slack's Block Kit Builder takes. */
		printf("{\"blocks\": %.*s}\n",
		    STR_ARG(rendered.blocks.len > 0 ? rendered.blocks : STR("[]")));
	} else {
		document_begin(&doc, c);
		write_preview(&doc.w, c, &t, &rendered);
		document_end(&doc);
	}
	message_free(t.message);
	return true;
}
