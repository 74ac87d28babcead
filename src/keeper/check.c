#include "carillon/keeper/check.h"

#include <stdio.h>

#include "carillon/base/clock.h"
#include "carillon/dest/dest.h"
#include "carillon/http/pool.h"
#include "carillon/registry/words.h"

/* A question while it is asked. */
struct asking {
	const struct keeper_question *question;
	const struct dest_type *dest;
	struct dest_call call;
	struct http_request req;
	struct buf answer;
};

/* Sends what was composed; the answer's bytes live in the question. */
static void
send(struct asking *q, struct http_response *res)
{
	struct pool_options o = pool_options_of(q->question->config, 1);
	int64_t most_ms = q->question->timeout_ms;

	if (most_ms > 0 && most_ms < o.request_timeout_ms)
		o.request_timeout_ms = most_ms;
	if (most_ms > 0 && most_ms < o.connect_timeout_ms)
		o.connect_timeout_ms = most_ms;
	http_once(&q->req, &o, res, &q->answer);
	http_request_clear(&q->req);
}

/* Good news to `each`; bad news too, or else it is the error. */
static bool
report(struct asking *q, const char *what, bool ok, const struct outcome *outcome,
    const char *good, struct err *e)
{
	char sentence[sizeof(outcome->reason) + sizeof(outcome->action) + 8];

	snprintf(sentence, sizeof(sentence), "%s%s%s", ok ? good : outcome->reason,
	    !ok && outcome->action[0] ? "; " : "", ok ? "" : outcome->action);
	if (q->question->each != NULL)
		q->question->each(
		    &(struct keeper_answer){
			.what = what,
			.ok = ok,
			.sentence = sentence,
			.code = ok ? "" : word_of(&outcome_words, (int)outcome->code),
			.error = ok ? "" : outcome->error_code,
			.repair = ok ? "" : repair_name(outcome->repair),
		    },
		    q->question->arg);
	if (ok || q->question->each != NULL)
		return true;
	return fail(e,
	    outcome->code == OUTCOME_NETWORK_ERROR || outcome->code == OUTCOME_TIMEOUT ||
		    outcome->code == OUTCOME_RATE_LIMITED
		? ERR_TEMP
		: ERR_DENIED,
	    "%s: %s", what, sentence);
}

static bool
ask_account(struct asking *q, connection_record *rec, bool *known, struct err *e)
{
	struct arena *a = q->question->arena;
	struct dest_account account;
	struct http_response res;
	struct outcome outcome;
	char good[260];

	if (!q->dest->compose_test(&q->req, &q->call, e))
		return false;
	send(q, &res);
	*known = q->dest->judge_test(&res, &account, &outcome);
	if (*known) {
		rec->team_id = arena_cstr(a, str_of(account.id));
		rec->team_name = arena_cstr(a, str_of(account.name));
		rec->bot_user_id = arena_cstr(a, str_of(account.bot_user_id));
	}
	if (account.id[0] != '\0')
		snprintf(good, sizeof(good), "belongs to %s (%s)", account.name, account.id);
	else
		snprintf(good, sizeof(good), "is of %s", account.name);
	return report(q, "credential", *known, &outcome, good, e);
}

static bool
ask_channel(struct asking *q, Carillon__V1__Channel *channel, struct err *e)
{
	struct dest_channel found;
	struct http_response res;
	struct outcome outcome;
	char what[80], good[240];
	bool ok;

	if (q->dest->compose_channel == NULL)
		return true;

	snprintf(what, sizeof(what), "channel %.64s", channel->id);
	if (!q->dest->compose_channel(&q->req, &q->call, str_of(channel->id), e))
		return fail_within(e, "%s", what);
	send(q, &res);
	ok = q->dest->judge_channel(&res, &found, &outcome);
	if (ok)
		channel->name = arena_cstr(q->question->arena, str_of(found.name));
	if (ok && found.is_archived) {
		ok = false;
		outcome = (struct outcome){.code = OUTCOME_CHANNEL_PROBLEM,
		    .reason = "the channel is archived",
		    .repair = REPAIR_PICK_CHANNEL,
		    .action = "unarchive it or choose another"};
	} else if (ok && !found.is_member && found.is_private) {
		ok = false;
		outcome = (struct outcome){.code = OUTCOME_CHANNEL_PROBLEM,
		    .reason = "the bot is not in this private channel",
		    .repair = REPAIR_INVITE,
		    .action = "invite it there"};
	}
	snprintf(good, sizeof(good), "is #%s%s", found.name,
	    found.is_member ? ""
			    : "; the bot is not in it: invite it, or grant chat:write.public");
	return report(q, what, ok, &outcome, good, e);
}

static bool
asking_begin(struct asking *q, const struct keeper_question *question,
    const connection_record *rec, struct err *e)
{
	*q = (struct asking){
	    .question = question,
	    .dest = dest_find(str_of(rec->dest)),
	    .call = {.credential = question->credential, .now = clock_wall()},
	};
	if (q->dest == NULL)
		return fail(e, ERR_SETUP,
		    "this version of Carillon does not know connections of type \"%s\"",
		    rec->dest);
	q->call.base_url =
	    dest_base_url(q->dest, question->config, str_of(rec->api_host), rec->url);
	if (q->call.base_url == NULL)
		return fail(e, ERR_INPUT, "connections of this type have no host \"%s\"",
		    rec->api_host);
	if (!keeper_check_url(question->config, rec, e))
		return false;
	http_global_init();
	http_request_init(&q->req);
	return true;
}

static void
asking_end(struct asking *q)
{
	http_request_fini(&q->req);
	buf_fini(&q->answer);
}

bool
keeper_check_url(const struct config *config, const connection_record *rec, struct err *e)
{
	const struct dest_type *dest = dest_find(str_of(rec->dest));
	const struct guard_options o = guard_options_of(config);
	struct guard g;
	bool ok;

	if (dest == NULL || !dest->has_own_url)
		return true;
	if (!guard_init(&g, &o, e))
		return false;
	ok =
	    guard_url(&g, rec->url, e) || fail_within(e, "the endpoint's address is not taken");
	guard_fini(&g);
	return ok;
}

bool
keeper_check_account(
    const struct keeper_question *question, connection_record *rec, struct err *e)
{
	struct asking q;
	bool known = false, ok;

	if (!asking_begin(&q, question, rec, e))
		return false;
	ok = ask_account(&q, rec, &known, e);
	/* Without an account every channel would only repeat the bad news. */
	for (size_t i = 0; ok && known && i < rec->n_channels; i++)
		ok = ask_channel(&q, rec->channels[i], e);
	asking_end(&q);
	return ok;
}

bool
keeper_check_channel(const struct keeper_question *question, const connection_record *rec,
    const char *channel, struct err *e)
{
	Carillon__V1__Channel one = CARILLON__V1__CHANNEL__INIT;
	struct asking q;
	bool ok;

	if (!asking_begin(&q, question, rec, e))
		return false;
	one.id = arena_cstr(question->arena, str_of(channel));
	ok = ask_channel(&q, &one, e);
	asking_end(&q);
	return ok;
}
