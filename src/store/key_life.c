#include "carillon/store/key_life.h"

/* --- the effects of moves --- */

static void
show(struct key_life *k, const struct key_news *news)
{
	const struct key_message *m = &news->message;

	if (m->seq != k->shown.seq)
		k->count = 0;
	k->shown = *m;
	if (k->newest < m->seq)
		k->newest = m->seq;
	if (k->wanted <= m->seq)
		k->wanted = 0;
}

static void
show_last(struct key_life *k, const struct key_news *news)
{
	show(k, news);
	k->shown.at = news->posted_at;
}

/* An older one that appears all the same was on its way when the newer one came. */
static void
show_newest(struct key_life *k, const struct key_news *news)
{
	if (news->message.seq >= k->shown.seq)
		show(k, news);
}

static void
tell(struct key_life *k, const struct key_news *news)
{
	const uint64_t seq = news->message.seq;

	if (k->newest < seq)
		k->newest = seq;
	if (k->wanted <= seq)
		k->wanted = 0;
}

static void
want(struct key_life *k, const struct key_news *news)
{
	const uint64_t seq = news->message.seq;

	if (seq <= k->newest || seq < k->wanted)
		return;
	k->wanted = seq;
	k->wanted_at = news->message.at;
}

static void
give_up(struct key_life *k, const struct key_news *news)
{
	if (k->wanted == news->message.seq)
		k->wanted = 0;
}

static void
count_repeat(struct key_life *k, const struct key_news *news)
{
	if (news->repeat_of != 0 && news->repeat_of != k->shown.seq)
		return;
	if (k->shown.seq != 0 && news->count > k->count)
		k->count = news->count;
}

/* --- the fold --- */

void
key_life_note(struct key_life *k, enum key_use use, const struct key_news *news)
{
	static void (*const moves[KEY_USES][KEY_EVENTS])(
	    struct key_life *, const struct key_news *) = {
#define MOVE(USE, EVENT, effect, why) [KEY_##USE][KEY_##EVENT] = (effect),
#include "key_moves.def"
#undef MOVE
	};

	if (moves[use][news->event] != NULL)
		moves[use][news->event](k, news);
}

bool
key_life_forget(struct key_life *k, uint64_t seq)
{
	if (k->shown.seq == seq) {
		k->shown = (struct key_message){0};
		k->count = 0;
	}
	if (k->wanted == seq)
		k->wanted = 0;
	if (k->newest == seq)
		k->newest = 0;
	return k->shown.seq == 0 && k->wanted == 0 && k->newest == 0;
}

/* --- the question --- */

static bool
is_young(const struct key_question *q, wall_t at)
{
	return q->age_ms == 0 || q->at.ms - at.ms < q->age_ms;
}

/* A window is open before its message, too: for what came before, and has waited. */
static bool
is_in_window(const struct key_question *q, wall_t at)
{
	return is_young(q, at) && (q->age_ms == 0 || at.ms - q->at.ms < q->age_ms);
}

/* A message of another channel can be neither changed nor answered, and was read elsewhere. */
static bool
has_message(const struct key_life *k, const struct key_question *q)
{
	return k->shown.seq != 0 && str_eq(str_of(k->shown.connection), q->connection) &&
	       str_eq(str_of(k->shown.channel), q->channel) && is_young(q, k->shown.at);
}

static bool
can_follow(const struct key_life *k, const struct key_question *q)
{
	return has_message(k, q) && k->shown.id[0] != '\0';
}

static enum key_answer
ask_thread(const struct key_life *k, const struct key_question *q)
{
	if (q->is_taken)
		return KEY_WAITS;
	return can_follow(k, q) && k->shown.seq != q->seq ? KEY_FOLLOWS : KEY_FREE;
}

static enum key_answer
ask_update(const struct key_life *k, const struct key_question *q)
{
	if (key_life_newer(k) > q->seq)
		return KEY_OUTDATED;
	if (q->is_taken)
		return KEY_WAITS;
	return can_follow(k, q) ? KEY_FOLLOWS : KEY_FREE;
}

static enum key_answer
ask_dedupe(const struct key_life *k, const struct key_question *q)
{
	if (has_message(k, q) && is_in_window(q, k->shown.at) && k->shown.seq != q->seq)
		return KEY_REPEATS;
	if (q->is_taken ||
	    (k->wanted != 0 && k->wanted != q->seq && is_in_window(q, k->wanted_at)))
		return KEY_WAITS;
	return KEY_FREE;
}

enum key_answer
key_life_ask(const struct key_life *k, enum key_use use, const struct key_question *q)
{
	switch (use) {
	case KEY_THREAD: return ask_thread(k, q);
	case KEY_UPDATE: return ask_update(k, q);
	default: return ask_dedupe(k, q);
	}
}

uint64_t
key_life_newer(const struct key_life *k)
{
	return k->wanted > k->newest ? k->wanted : k->newest;
}
