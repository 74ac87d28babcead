/* Trying a rule on an event, with the code that real deliveries use. */
#include <stdio.h>

#include "carillon/clock.h"
#include "carillon/preview.h"

#include "event_file.h"
#include "output.h"
#include "rule.h"

/* Lets the rule of the arguments and the event of --event meet. */
static bool
try_rule(struct command *c, struct preview *out, struct err *e)
{
	struct preview_request q = {
	    .workspace = command_argument(c, 0),
	    .now = clock_wall(),
	};
	event_message msg;
	uint64_t revision;

	if (!event_file_read(c, c->options[OPTION_EVENT], NULL, &msg, e) ||
	    !command_open(c, NEED_STATE, e))
		return false;
	q.rule = rule_of_arguments(c, &revision, e);
	if (q.rule == NULL)
		return false;
	q.type = registry_type_of_rule(c->registry, c->arena, q.workspace, q.rule);
	q.event_type = str_of(msg.type);
	q.event = record_pack(c->arena, &msg);
	return preview_make(c->arena, &q, out, e) || fail_within(e, "rule %s", q.rule->id);
}

static void
print_trial(const struct preview *p)
{
	for (int i = 0; i < p->n_conditions; i++) {
		const struct filter_finding *f = &p->conditions[i];

		printf("%-3s  %*s%.*s\n", f->result ? "yes" : "no", 2 * f->depth, "",
		    STR_ARG(f->sentence));
	}
	printf("%s%s%.*s\n", p->matches ? "matches" : "does not match",
	    p->reason.len > 0 ? ": " : "", STR_ARG(p->reason));
}

/* The whole preview, as text or JSON. */
static void
show(struct command *c, const struct preview *p)
{
	struct document doc;

	document_begin(&doc, c);
	preview_json(&doc.w, p);
	document_end(&doc);
}

bool
verb_rule_test(struct command *c, struct err *e)
{
	struct preview p;

	if (!try_rule(c, &p, e))
		return false;
	if (command_has(c, OPTION_JSON))
		show(c, &p);
	else
		print_trial(&p);
	return true;
}

bool
verb_rule_preview(struct command *c, struct err *e)
{
	struct preview p;

	if (!try_rule(c, &p, e))
		return false;
	if (command_has(c, OPTION_BLOCKS))
		/* The form that Slack's Block Kit Builder takes. */
		printf("{\"blocks\": %.*s}\n",
		    STR_ARG(p.rendered.blocks.len > 0 ? p.rendered.blocks : STR("[]")));
	else
		show(c, &p);
	return true;
}
