/*
 * What a message template compiles to, and what one rendering writes. Everything lives in the
 * arena given to slack_template_compile.
 */
#pragma once

#include "render.h"
#include "carillon/rules/template.h"
#include "carillon/base/json.h"
#include "reading.h"

enum {
	MESSAGE_SOURCE_MAX = 64 * 1024,
	MESSAGE_BLOCKS_MAX = 50,
	MESSAGE_SLOT_BLOCKS = 6,  /* that slots are laid out as */
	MESSAGE_ADDED_BLOCKS = 1, /* that a message may have beside those of its template */
	MESSAGE_FIELDS_MAX = 10,
	/* Slack refuses a message of about 13,300 characters in all its blocks, of which each
	 * block takes some by itself; undocumented. */
	MESSAGE_CHARACTERS_MAX = 13000,
	BLOCK_CHARACTERS = 125,
	MESSAGE_TEXT_MAX = 3000,
	MESSAGE_STEPS_MAX = 20000, /* of all its templates (event.h); more is plain text */
	FIELD_NAME_MAX = 80,
	FIELD_CHARACTERS_MAX = 300, /* one payload field shown by itself; Slack takes 2000 */
};

enum slot {
#define SLOT(NAME, name, FORM, one_line, max) SLOT_##NAME,
#include "render_slots.def"
#undef SLOT
	SLOTS
};

/* How Slack reads a text. */
enum text_form {
	FORM_MRKDWN,
	FORM_PLAIN,  /* words, in which it looks for emoji */
	FORM_STRING, /* as it stands */
	FORM_URL,
};

struct slot_type {
	const char *name;
	enum text_form form;
	bool one_line;
	size_t max; /* characters */
};

extern const struct slot_type slot_types[SLOTS];

/* "#rrggbb" of such a word or of good, warning or danger; else empty. */
struct str color_of_word(struct str s);

/* built_in.c: the template of rules without one, as people would write it. */
extern const char slack_built_in[];

struct block_member;

/* A value of the Block Kit document. */
struct block_node {
	struct str key;                    /* of a member */
	const struct block_member *member; /* what it is; NULL for an element of a list */
	int object;                        /* an object: index of its type; else -1 */
	bool is_list;
	bool truth;                            /* a flag */
	size_t max;                            /* characters, of words or a string; a number */
	const struct template *text;           /* words, strings, URLs */
	const struct block_node *first, *next; /* members or elements */
};

struct message_template {
	struct dest_template base;
	const struct template *slots[SLOTS]; /* NULL where there is none */
	const struct block_node *blocks;     /* the list, in the advanced form */
	struct str *mentioned;               /* names of payload fields that the slots use */
	int n_mentioned;
	int most_blocks;     /* that a message of it can have */
	struct arena *owner; /* of the built-in one */
	bool shows_fields;   /* the other fields of the payload are shown too */
	bool reads_payload;  /* the built-in one: its slots see a reading of the payload */
};

/* One rendering: what the slots and the blocks write to, and how much is left. */
struct composer {
	const struct message_template *template;
	const struct event *ev;        /* as the slots see it */
	const struct json *payload;    /* of the event */
	const struct reading *reading; /* what is in `ev` instead of it, or NULL */
	struct str severity;
	struct arena *arena;
	struct slack_body *out;
	struct buf json, text;
	struct json_writer w; /* of blocks_build.c, and: */
	uint32_t kept;        /* elements of the list in the making that are not empty */
	struct buf buffers[TEMPLATE_BUFFERS];
	size_t left;    /* characters until MESSAGE_CHARACTERS_MAX */
	int steps_left; /* until MESSAGE_STEPS_MAX */
	bool has_bar;   /* a colour bar stands beside some of the blocks */
};

/* All blocks so far stand on top, the next ones beside the colour bar. */
void composer_lead_ends(struct composer *c);
/* All blocks are written. Where none is left for the bar, the first `fewer` stay on top, or the
 * event's type stands beside the bar. */
void composer_close_lead(struct composer *c, int fewer, size_t fewer_len);
/* Begins a block, or an element of its list. */
void composer_put_comma(struct composer *c);
/* fields.c: a section of the payload's fields that no slot says. */
void composer_put_fields(struct composer *c);
/* A small grey line with the event's type, where nothing else is to stand. */
void composer_put_type(struct composer *c);
/* origin.c: the next block is written. */
void composer_note_block(struct composer *c, unsigned first, uint32_t kept);
/* Warns whoever is shown a preview. */
void composer_warn(struct composer *c, struct warning w);
/*
 * Renders `t` into c->text, cut to `max` characters and to what is left. Empty if nothing but
 * blanks came out. `where` names it in warnings.
 */
struct str composer_text(struct composer *c, const struct template *t, const char *where,
    enum text_form form, bool one_line, size_t max);
/* Behind a {: "type":"mrkdwn","text":...,"verbatim":flag} or "type":"plain_text",... */
void composer_text_object(struct composer *c, bool is_mrkdwn, bool flag, struct str text);

/* Adds what is wrong with a slot; returns false. */
bool message_fail(struct findings *f, enum finding_code code, struct str slot, const char *fmt,
    ...) PRINTF(4, 5);

/* blocks_check.c: checks a Block Kit document against blocks_limits.def and compiles it. */
MUST_USE bool blocks_compile(
    struct arena *a, const struct json *blocks, struct message_template *t, struct findings *f);
/* blocks_build.c: expands it. Blocks whose text came out empty vanish. */
void blocks_build(struct composer *c);
