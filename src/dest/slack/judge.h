/*
 * Reading Slack's answers. Pure; called through struct dest_type. Fields of the outcome that a
 * verdict does not use are empty.
 */
#pragma once

#include "carillon/base/json.h"
#include "carillon/dest/dest.h"

enum slack_class {
#define SLACK_CLASS(NAME, OUTCOME, VERDICT, REPAIR, ambiguous, lane_fault) SLACK_##NAME,
#include "classes.def"
#undef SLACK_CLASS
};

/* Headers that its answers have: the request's id, as Slack and as a proxy call it. */
#define SLACK_WANTED "x-slack-req-id", "x-request-id"

void slack_judge(
    const struct dest_message *m, const struct http_response *res, struct outcome *out);
bool slack_judge_test(
    const struct http_response *res, struct dest_account *account, struct outcome *out);
bool slack_judge_channel(
    const struct http_response *res, struct dest_channel *channel, struct outcome *out);

/* --- for the files of this folder --- */

void slack_set_done(struct outcome *out);
void slack_set_class(struct outcome *out, enum slack_class class, const char *sentence);
/* An empty `action` is the repair's own sentence. */
void slack_set_remedy(struct outcome *out, enum repair repair, const char *action);
/* The parsed answer, in `a`, if Slack said ok, else NULL; `out` is filled. */
const struct json *slack_answer(
    struct arena *a, const struct http_response *res, struct outcome *out);
/* Copies a text of the answer, cut between characters if it must be. */
void slack_copy_text(char *dst, size_t size, struct str s);
bool slack_is_true(const struct json *object, struct str member);
/* The last word about a question: it can be asked again, nothing was posted. Returns
 * `understood`. */
bool slack_judged_question(struct outcome *out, bool understood);
