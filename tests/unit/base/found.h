/* A list of findings in the arena of a test, and what it says. */
#pragma once

#include "carillon/base/findings.h"

/* An empty list, which looks at the part called `label`, or at the whole for "". */
static inline struct findings *
found_new(struct arena *a, const char *label)
{
	struct findings *f = ARENA_NEW(a, struct findings);
	struct finding_part *part = ARENA_NEW(a, struct finding_part);

	findings_init(f, a);
	if (label[0] != '\0')
		findings_enter(f, part, (struct pointer){.name = str_of(label)}, str_of(label));
	return f;
}

/* The sentences, a line each. */
static inline const char *
found_text(const struct findings *f)
{
	struct buf lines = {0};
	struct str text;

	for (int i = 0; i < f->n; i++)
		buf_printf(&lines, "%s%.*s", i > 0 ? "\n" : "",
		    STR_ARG(finding_sentence(f, &f->items[i])));
	text = arena_str(f->arena, buf_view(&lines));
	buf_fini(&lines);
	return text.ptr;
}
