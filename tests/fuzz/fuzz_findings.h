/* What must hold of everything that is told of a bad text. */
#pragma once

#include "carillon/base/findings.h"

static inline void
check_findings(const struct findings *f)
{
	must(f->n > 0 && f->part == NULL);
	for (int i = 0; i < f->n; i++) {
		const struct finding *one = &f->items[i];

		must(one->text.len > 0 && str_is_text(one->text));
		must(str_is_text(one->pointer) && str_is_text(one->slot));
		must(str_is_text(one->suggestion));
		must(str_is_text(finding_sentence(f, one)));
	}
}
