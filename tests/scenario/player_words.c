/* The words about time, the service, its producers, its broker and its destinations. */
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "player.h"

void
word_story(struct story *s, struct line *l)
{
	(void)s;
	printf("%s\n", line_word(l, "a sentence"));
}

void
word_setting(struct story *s, struct line *l)
{
	const char *name = line_word(l, "a setting");
	const char *value = line_word(l, "its value");
	struct err e = {0};

	if (!config_set(&s->world.config, name, value, &e))
		line_fail(l, "%s", e.text);
	fake_broker_set(s->world.broker, &(struct fake_broker_options){
					     .ack_wait_ms = s->world.config.ack_wait_s * 1000,
					     .ack_pending_max = s->world.config.ack_pending_max,
					 });
}

/* --- the service --- */

/* It is not to start, and to say why. */
static void
start_refused(struct story *s, struct line *l)
{
	const char *why = line_word(l, "what the error says");
	struct err e = {0};

	if (world_start(&s->world, &e))
		line_fail(l, "the service started");
	if (strstr(e.text, why) == NULL)
		line_fail(l, "the service did not start, but says: %s", e.text);
}

void
word_start(struct story *s, struct line *l)
{
	struct err e = {0};

	if (s->world.life != NULL)
		line_fail(l, "the service is up already");
	if (line_takes(l, "refused")) {
		start_refused(s, l);
		return;
	}
	if (!config_check(&s->world.config, &e) || !world_start(&s->world, &e))
		line_fail(l, "the service did not start: %s", e.text);
	s->has_started = true;
	world_pass(&s->world, 0);
}

void
word_key(struct story *s, struct line *l)
{
	bool is_own = line_takes(l, "own");

	if (!is_own && !line_takes(l, "another"))
		line_fail(l, "the key is its own, or another");
	if (s->world.life != NULL)
		line_fail(l, "the service is up, and has read its key");
	world_use_key(&s->world, is_own ? "key" : "other-key");
}

static enum fake_point
read_point(struct line *l)
{
	static const struct {
		const char *name;
		enum fake_point point;
	} points[] = {
	    {"before-history", FAKE_BEFORE_HISTORY},
	    {"after-history", FAKE_AFTER_HISTORY},
	    {"before-ack", FAKE_BEFORE_ACK},
	    {"after-post", FAKE_AFTER_POST},
	};
	const char *name = line_word(l, "a point");

	for (size_t i = 0; i < COUNT_OF(points); i++)
		if (strcmp(points[i].name, name) == 0)
			return points[i].point;
	line_fail(l, "\"%s\" is no point at which the service can die", name);
}

void
word_kill(struct story *s, struct line *l)
{
	if (line_takes(l, "at")) {
		enum fake_point point = read_point(l);

		fake_die_at(point, line_has_more(l) ? (int)line_number(l, "a count") : 1);
		return;
	}
	if (s->world.life == NULL)
		line_fail(l, "the service is down already");
	world_kill(&s->world);
}

void
word_drain(struct story *s, struct line *l)
{
	if (s->world.life == NULL)
		line_fail(l, "the service is down already");
	s->was_finished = world_drain(&s->world);
}

void
word_reload(struct story *s, struct line *l)
{
	struct err e = {0};

	if (s->world.life == NULL)
		line_fail(l, "the service is down");
	if (!config_check(&s->world.config, &e))
		line_fail(l, "%s", e.text);
	world_reload(&s->world);
}

/* --- time --- */

void
word_pass(struct story *s, struct line *l)
{
	story_pass(s, l, line_duration(l));
}

void
word_clock(struct story *s, struct line *l)
{
	const char *word = line_word(l, "+T or -T");
	int64_t ms;

	(void)s;
	if ((word[0] != '+' && word[0] != '-') || !line_read_duration(word + 1, &ms))
		line_fail(l, "\"%s\" is not +T or -T", word);
	fake_clock_jump(word[0] == '-' ? -ms : ms);
}

/* --- destinations --- */

static void
read_answer(struct line *l, struct fake_behaviour *b)
{
	if (line_takes(l, "hangs")) {
		b->answer = FAKE_HANGS;
	} else if (line_takes(l, "resets")) {
		b->answer = FAKE_RESETS;
	} else if (line_takes(l, "refuses")) {
		b->answer = FAKE_REFUSES;
	} else if (line_takes(l, "limits")) {
		b->answer = FAKE_LIMITS;
		b->limit_ms = line_duration(l);
	} else {
		line_wants(l, "answers");
		if (line_takes(l, "200"))
			return;
		if (line_takes(l, "error")) {
			b->answer = FAKE_ERROR;
			str_copy(
			    b->code, sizeof(b->code), str_of(line_word(l, "an error code")));
			return;
		}
		b->answer = FAKE_STATUS;
		b->status = (int)line_number(l, "an HTTP status");
	}
}

void
word_peer(struct story *s, struct line *l)
{
	struct fake_behaviour b = {
	    .answer = FAKE_OK, .retry_after_s = -1, .after_ms = 20, .times = -1};

	(void)s;
	str_copy(b.target, sizeof(b.target), str_of(line_word(l, "a peer")));
	read_answer(l, &b);
	while (line_has_more(l)) {
		if (line_takes(l, "retry-after"))
			b.retry_after_s = line_number(l, "seconds");
		else if (line_takes(l, "after"))
			b.after_ms = line_duration(l);
		else if (line_takes(l, "times"))
			b.times = (int)line_number(l, "a count");
		else if (line_takes(l, "blocks"))
			b.only_blocks = true;
		else if (line_takes(l, "body"))
			b.padding = (int)line_number(l, "bytes");
		else
			line_wants(l, "posting"), b.posts = true;
	}
	fake_peer(&b);
}

void
word_gone(struct story *s, struct line *l)
{
	(void)s;
	fake_messages_gone(line_word(l, "a peer"));
}

/* --- producers --- */

static struct published_event *
remember(struct story *s)
{
	if (s->n_published == s->cap_published) {
		s->cap_published = s->cap_published ? 2 * s->cap_published : 256;
		s->published = realloc(s->published, s->cap_published * sizeof(*s->published));
		must(s->published != NULL);
	}
	return &s->published[s->n_published++];
}

void
story_publish(struct story *s, const char *workspace, const char *type, const char *id,
    const char *payload)
{
	struct arena *a = arena_new(0);
	struct published_event *p = remember(s);
	char subject[SUBJECT_MAX];
	event_message msg;

	carillon__v1__event__init(&msg);
	msg.id = (char *)(uintptr_t)id;
	msg.data_case = CARILLON__V1__EVENT__DATA_TEXT_DATA;
	msg.text_data = (char *)(uintptr_t)payload;
	subject_event(subject, s->world.broker, str_of(workspace), str_of(type));
	*p = (struct published_event){.at = clock_mono()};
	str_copy(p->workspace, sizeof(p->workspace), str_of(workspace));
	str_copy(p->id, sizeof(p->id), str_of(id));
	p->seq = fake_broker_publish_event(s->world.broker, subject,
	    payload != NULL ? record_pack(a, &msg) : STR("\xff\xff garbage"));
	arena_free(a);
}

void
word_publish(struct story *s, struct line *l)
{
	const char *type = line_word(l, "an event type");
	const char *workspace, *payload = "{\"severity\":\"high\"}";
	int64_t every_ms = 0;
	struct line_ids ids;

	line_wants(l, "to");
	workspace = line_word(l, "a workspace");
	if (strcmp(type, "garbage") == 0) {
		int64_t n = line_has_more(l) ? line_number(l, "a count") : 1;

		for (; n > 0; n--)
			story_publish(s, workspace, "alert.triggered", "", NULL);
		return;
	}
	ids = line_ids(l, line_word(l, "an event id"));
	while (line_has_more(l)) {
		if (line_takes(l, "every"))
			every_ms = line_duration(l);
		else
			line_wants(l, "payload"), payload = line_word(l, "a JSON object");
	}
	for (int64_t i = ids.first; i <= ids.last; i++) {
		char id[LINE_ID_MAX];

		line_id(&ids, i, id);
		story_publish(s, workspace, type, id, payload);
		if (every_ms > 0)
			story_pass(s, l, every_ms);
	}
}

/* --- the broker --- */

static uint64_t
read_seq(struct story *s, struct line *l)
{
	char path[2][128];
	const struct published_event *p;

	line_path(l, 2, path, "WORKSPACE/EVENT");
	p = story_published(s, path[0], path[1]);
	if (p == NULL)
		line_fail(l, "nobody published %s/%s", path[0], path[1]);
	return p->seq;
}

void
word_broker(struct story *s, struct line *l)
{
	struct broker *b = s->world.broker;

	if (line_takes(l, "down")) {
		fake_broker_down(b, true);
	} else if (line_takes(l, "up")) {
		fake_broker_down(b, false);
	} else if (line_takes(l, "full")) {
		fake_broker_full(b, true);
	} else if (line_takes(l, "roomy")) {
		fake_broker_full(b, false);
	} else if (line_takes(l, "forgets")) {
		fake_broker_forget(b);
	} else if (line_takes(l, "passes")) {
		line_wants(l, "over");
		fake_broker_pass_over(b);
	} else if (line_takes(l, "slow")) {
		fake_broker_slow_ops(b, line_duration(l));
	} else if (line_takes(l, "keeps")) {
		line_wants(l, "acks");
		fake_broker_lose_settles(b, false);
	} else if (line_takes(l, "loses")) {
		if (line_takes(l, "pubacks"))
			fake_broker_lose_pubacks(b, (int)line_number(l, "a count"));
		else if (line_takes(l, "history"))
			fake_broker_lose_history(b, (size_t)line_number(l, "a count"));
		else
			line_wants(l, "acks"), fake_broker_lose_settles(b, true);
	} else if (line_takes(l, "expires")) {
		fake_broker_expire(b, read_seq(s, l));
	} else {
		line_wants(l, "redelivers");
		fake_broker_redeliver(b, line_takes(l, "all") ? 0 : read_seq(s, l));
	}
}
