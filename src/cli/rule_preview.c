/* Trying a rule on an event, with the code that real deliveries use. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "carillon/index/event_bytes.h"
#include "carillon/base/clock.h"
#include "carillon/base/id.h"
#include "carillon/base/tame.h"
#include "carillon/registry/preview.h"
#include "carillon/registry/published.h"

#include "event_file.h"
#include "output.h"
#include "rule.h"

/* One that was published: as the stream has it. */
static bool
take_published(struct command *c, struct str id, struct preview_request *q, struct err *e)
{
	const event_record *event;
	struct txn *t;
	uint64_t seq;

	if (!command_open(c, NEED_HISTORY, e))
		return false;
	t = txn_read(c->store, STORE_HISTORY);
	seq = ledger_seq(t, q->workspace, id);
	event = seq > 0 ? history_event(t, c->arena, seq) : NULL;
	txn_end(t);
	if (event == NULL)
		return fail(e, ERR_NOT_FOUND,
		    "--event %.*s: there is no such file, and workspace \"%.*s\" has no such "
		    "event",
		    STR_ARG(id), STR_ARG(q->workspace));
	if (!published_get(c->registry, c->arena, event, &q->event, e))
		return fail_within(e, "event %.*s", STR_ARG(id));
	q->event_type = str_of(event->type);
	return true;
}

bool
rule_take_event(struct command *c, struct preview_request *q, struct err *e)
{
	const char *event = c->options[OPTION_EVENT];
	event_message msg;

	if (strcmp(event, "-") != 0 && access(event, F_OK) != 0 && errno == ENOENT &&
	    id_is_event(str_of(event)) && strchr(event, '/') == NULL)
		return take_published(c, str_of(event), q, e);
	if (!event_file_read(c, event, NULL, &msg, e))
		return false;
	q->event_type = str_of(msg.type);
	q->event = record_pack(c->arena, &msg);
	return true;
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

/* Lets the rule of the arguments and the event of --event meet. Of a rule that does not compile
 * programs get what can be told all the same. */
static bool
try_rule(struct command *c, struct preview *out, struct err *e)
{
	struct preview_request q = {
	    .workspace = command_argument(c, 0),
	    .now = clock_wall(),
	    .findings = &c->findings,
	};
	struct finding_part part;
	uint64_t revision;
	bool ok;

	if (!rule_take_event(c, &q, e) || !command_open(c, NEED_STATE, e))
		return false;
	q.rule = rule_of_arguments(c, &revision, e);
	if (q.rule == NULL)
		return false;
	q.type = registry_type_of_rule(c->registry, c->arena, q.workspace, q.rule);
	q.dest = registry_dest_of_rule(c->registry, q.workspace, q.rule);
	findings_enter_named(q.findings, &part, arena_printf(c->arena, "rule %s", q.rule->id));
	ok = preview_make(c->arena, &q, out, e);
	findings_leave(q.findings);
	if (ok)
		return true;
	if (c->findings.n == 0)
		return fail_within(e, "rule %s", q.rule->id);
	if (command_has(c, OPTION_JSON))
		show(c, out);
	return false;
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

/* The message alone, for the destination's own tools. */
static void
print_native(const struct preview *p)
{
	struct buf out = {0};
	struct json_writer w;

	jw_init(&w, &out);
	p->body->type->write_native(&w, p->body);
	printf("%s\n", out.ptr);
	buf_fini(&out);
}

void
print_lines(struct str text)
{
	struct buf out = {0};

	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t len = end != NULL ? (size_t)(end - text.ptr) : text.len;

		tame_put(&out, (struct str){text.ptr, len});
		buf_putc(&out, '\n');
		len += end != NULL;
		text = (struct str){text.ptr + len, text.len - len};
	}
	print_text(&out);
}

/* As a person reads it, and what a person should know of it. */
static void
print_message(struct command *c, const struct preview *p)
{
	struct buf out = {0};

	if (!p->matches)
		buf_printf(&out, "not sent: %.*s\n", STR_ARG(p->reason));
	buf_printf(&out, "to %.*s:\n",
	    STR_ARG(p->channel.len > 0 ? p->channel : STR("no channel yet")));
	p->body->type->write_text(&out, p->body);
	for (int use = 0; use < KEY_USES; use++)
		if (p->keys[use].len > 0)
			buf_printf(
			    &out, "%s: %.*s\n", preview_key_names[use], STR_ARG(p->keys[use]));
	for (int i = 0; i < p->warnings.n; i++)
		buf_printf(&out, "warning: %.*s\n",
		    STR_ARG(warning_sentence(&p->warnings.items[i], c->arena)));
	print_lines(buf_view(&out));
	buf_fini(&out);
}

bool
verb_rule_preview(struct command *c, struct err *e)
{
	struct preview p;

	if (!try_rule(c, &p, e))
		return false;
	if (command_has(c, OPTION_BLOCKS))
		print_native(&p);
	else if (command_has(c, OPTION_JSON))
		show(c, &p);
	else
		print_message(c, &p);
	return true;
}
