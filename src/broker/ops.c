#include "carillon/broker/broker.h"
#include "carillon/base/clock.h"

enum { OPS_WAIT_MS = 2000 };

bool
ops_publish(struct broker *b, ops_event *ops, struct err *e)
{
	struct arena *a = arena_new(0);
	char subject[SUBJECT_MAX];

	ops->at_ms = clock_wall().ms;
	subject_ops(subject, b, str_of(ops->workspace), ops->what);
	bool ok = broker_publish(
	    b, &(struct publication){subject, record_pack(a, ops), NULL, OPS_WAIT_MS}, NULL, e);
	arena_free(a);
	return ok;
}
