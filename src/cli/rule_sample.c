/* A new rule is tried on the sample of its event type, while whoever wrote it is still there.
 */
#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/registry/preview.h"

#include "rule.h"

void
rule_try_sample(struct command *c, const rule_record *r)
{
	struct preview_request q = {
	    .workspace = command_argument(c, 0),
	    .rule = r,
	    .now = clock_wall(),
	};
	struct findings found;
	struct preview p;
	struct err e = {0};

	q.type = registry_type_of_rule(c->registry, c->arena, q.workspace, r);
	if (q.type == NULL)
		return;
	q.dest = registry_dest_of_rule(c->registry, q.workspace, r);
	q.event_type = str_of(q.type->name);
	q.event = preview_sample(c->arena, q.type);
	if (q.event.len == 0)
		return;
	findings_init(&found, c->arena);
	q.findings = &found;
	if (!preview_make(c->arena, &q, &p, &e)) {
		fprintf(stderr, "note: on the sample event of %s: %s\n", q.type->name, e.text);
		return;
	}
	if (!p.matches)
		fprintf(stderr, "note: the sample event of %s is not wanted: %.*s\n",
		    q.type->name, STR_ARG(p.reason));
	for (int i = 0; i < p.warnings.n; i++)
		fprintf(stderr, "note: on the sample event of %s: %.*s\n", q.type->name,
		    STR_ARG(warning_sentence(&p.warnings.items[i], c->arena)));
}
