/* A new rule is tried on the sample of its event type, while whoever wrote it is still there.
 */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/registry/preview.h"

#include "rule.h"

static struct str
sample_event(struct arena *a, const type_record *type)
{
	event_message msg;

	carillon__v1__event__init(&msg);
	msg.id = (char *)(uintptr_t) "sample";
	msg.type = type->name;
	msg.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	msg.text_data = type->sample;
	return record_pack(a, &msg);
}

void
rule_try_sample(struct command *c, const rule_record *r)
{
	struct preview_request q = {
	    .workspace = command_argument(c, 0),
	    .rule = r,
	    .now = clock_wall(),
	};
	struct preview p;
	struct err e = {0};

	q.type = registry_type_of_rule(c->registry, c->arena, q.workspace, r);
	if (q.type == NULL || q.type->sample[0] == '\0')
		return;
	q.dest = registry_dest_of_rule(c->registry, q.workspace, r);
	q.event_type = str_of(q.type->name);
	q.event = sample_event(c->arena, q.type);
	if (!preview_make(c->arena, &q, &p, &e)) {
		fprintf(stderr, "note: on the sample event of %s: %s\n", q.type->name, e.text);
		return;
	}
	if (!p.matches)
		fprintf(stderr, "note: the sample event of %s is not wanted: %.*s\n",
		    q.type->name, STR_ARG(p.reason));
	for (int i = 0; i < p.body->n_warnings; i++)
		fprintf(stderr, "note: on the sample event of %s: %.*s\n", q.type->name,
		    STR_ARG(p.body->warnings[i]));
}
