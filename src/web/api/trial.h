/* Letting a rule and an event meet: for previews, dry runs and test messages. */
#pragma once

#include "carillon/registry/preview.h"
#include "common.h"

/* The draft in the body's "rule". What is wrong with its members is in `f`; false: the answer
 * is there. */
bool trial_read(
    struct request *q, const struct json *object, rule_record *r, struct findings *f);
/* The preview of a rule, but for its event. */
struct preview_request trial_of(struct request *q, const rule_record *r, struct findings *f);
/* Its event: {"sample": true}, {"id": "evt_1"} or an event itself; without any the sample.
 * False: the answer is there. */
bool trial_event(struct request *q, const struct json *event, struct preview_request *p);
