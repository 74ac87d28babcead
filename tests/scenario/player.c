/*
 * Plays a story: scenario_player [-v] FILE.scn. The flow, its store, vault and rules are the
 * real ones; broker, destinations, clock and pauses are fakes that the linker chose.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "carillon/base/clock.h"
#include "carillon/base/log.h"
#include "player.h"

enum { STORY_LINES_MAX = 45 };

static struct story story;

static const struct word {
	const char *name, *usage;
	void (*play)(struct story *, struct line *);
} words[] = {
#define WORD(name, usage) {#name, usage, word_##name},
#include "words.def"
#undef WORD
};

/* --- chance without chance: every run of a story is the same --- */

static uint64_t chance = 0x9e3779b97f4a7c15;

static uint32_t
chance_next(void)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (uint32_t)(chance >> 32);
}

static const char *
chance_name(void)
{
	return "the same every time";
}

static void
chance_fill(void *bytes, size_t n)
{
	for (uint8_t *at = bytes; n > 0; n--)
		*at++ = (uint8_t)chance_next();
}

static struct randombytes_implementation chance_implementation = {
    .implementation_name = chance_name,
    .random = chance_next,
    .buf = chance_fill,
};

/* --- playing --- */

const struct published_event *
story_published(const struct story *s, const char *workspace, const char *id)
{
	for (size_t i = 0; i < s->n_published; i++)
		if (strcmp(s->published[i].workspace, workspace) == 0 &&
		    strcmp(s->published[i].id, id) == 0)
			return &s->published[i];
	return NULL;
}

void
story_pass(struct story *s, struct line *l, int64_t ms)
{
	if (!s->has_started)
		word_start(s, l);
	world_pass(&s->world, ms);
}

static void
play(struct line *l)
{
	const char *name = line_word(l, "a word");

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		words[i].play(&story, l);
		line_wants_end(l);
		return;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++)
		fprintf(stderr, "    %s\n", words[i].usage);
	line_fail(l, "\"%s\" is none of the words above", name);
}

/* "each w1..w250 LINE": the line once for each, with its name in the place of every "@". */
static void
play_each(struct line *l, const char *text)
{
	const char *range = text + strlen("each ");
	const char *rest = range + strcspn(range, " ");
	char word[LINE_ID_MAX], id[LINE_ID_MAX], one[LINE_BYTES_MAX];
	struct line_ids ids;

	snprintf(word, sizeof(word), "%.*s", (int)(rest - range), range);
	ids = line_ids(l, word);
	for (int64_t i = ids.first; i <= ids.last; i++) {
		size_t n = 0;

		line_id(&ids, i, id);
		for (const char *c = rest; *c != '\0' && n + sizeof(id) < sizeof(one); c++)
			n += (size_t)snprintf(one + n, sizeof(one) - n,
			    *c == '@' ? "%s" : "%.1s", *c == '@' ? id : c);
		if (line_cut(l, one))
			play(l);
	}
}

static void
play_file(const char *path)
{
	struct line l = {.file = path};
	char text[LINE_BYTES_MAX];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		line_fail(&l, "cannot be read");
	while (fgets(text, sizeof(text), f) != NULL) {
		if (++l.number > STORY_LINES_MAX)
			line_fail(&l, "a story has %d lines at most", STORY_LINES_MAX);
		if (strncmp(text, "each ", strlen("each ")) == 0)
			play_each(&l, text);
		else if (line_cut(&l, text))
			play(&l);
	}
	fclose(f);
	story_check_rebuilt(&story, &l);
	if (expect_unflagged(&story) > 0)
		line_fail(&l, "a message was posted again and history does not say so");
}

static void
clean_up(void)
{
	registry_free(story.registry);
	world_fini(&story.world);
}

int
main(int argc, char **argv)
{
	bool is_loud = argc > 1 && strcmp(argv[1], "-v") == 0;

	if (argc != (is_loud ? 3 : 2)) {
		fprintf(stderr, "usage: scenario_player [-v] FILE.scn\n");
		return 2;
	}
	must(randombytes_set_implementation(&chance_implementation) == 0 && sodium_init() >= 0);
	/* Stories are full of errors on purpose. */
	log_set_level(is_loud ? LOG_LEVEL_DEBUG : (enum log_level)((int)LOG_LEVEL_ERROR + 1));
	world_init(&story.world);
	atexit(clean_up);
	play_file(argv[argc - 1]);
	return 0;
}
