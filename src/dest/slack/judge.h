/*
 * Reading Slack's answers. Pure; called through struct dest_type. Fields of the outcome that a
 * verdict does not use are empty.
 */
#pragma once

#include "carillon/dest/dest.h"

/* Headers that its answers have: the request's id, as Slack and as a proxy call it. */
#define SLACK_WANTED "x-slack-req-id", "x-request-id"

void slack_judge(
    const struct dest_message *m, const struct http_response *res, struct outcome *out);
bool slack_judge_test(
    const struct http_response *res, struct dest_account *account, struct outcome *out);
bool slack_judge_channel(
    const struct http_response *res, struct dest_channel *channel, struct outcome *out);
