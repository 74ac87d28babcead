/*
 * One command while it runs: what was asked, and what it has opened. The main thread's.
 */
#pragma once

#include "carillon/base/arena.h"
#include "carillon/base/base.h"
#include "carillon/broker/broker.h"
#include "carillon/base/buf.h"
#include "carillon/cli/cli.h"
#include "carillon/base/config.h"
#include "carillon/base/findings.h"
#include "carillon/base/json.h"
#include "carillon/dest/dest.h"
#include "carillon/registry/registry.h"
#include "carillon/store/store.h"
#include "carillon/vault/vault.h"

enum option {
#define OPTION(NAME, name, argument, sentence) OPTION_##NAME,
#include "options.def"
#undef OPTION
	OPTIONS
};

enum {
	ARGUMENTS_MAX = 4,
	REPEATS_MAX = 64,
};

/* An option that may be given more than once. */
struct repeated {
	const char *values[REPEATS_MAX];
	int n;
};

struct command {
	const struct verb *verb;
	const char *arguments[ARGUMENTS_MAX]; /* after the verb; NULL where left out */
	const char *options[OPTIONS]; /* the last value; "" of a flag; NULL: not given */
	struct repeated channels, statuses, sets;
	struct buf out; /* the document that is being written; see output.h */
	bool has_answered;
	int exit_code;   /* of a verb that succeeded and has bad news */
	bool is_misused; /* the way of asking is wrong: the usage is shown */

	struct findings findings; /* all that is wrong with what was handed in */

	struct arena *arena; /* everything this command reads */
	struct config config;
	struct broker *broker;
	struct store *store;
	struct registry *registry;
	struct vault *vault;
	struct secret *nats_word; /* the password or token for NATS; NULL until it is read */
	bool is_read_only; /* the index may not be written here: it may be a little old */
};

/* False with a sentence: the caller prints it and turns its kind into the exit code. */
typedef bool verb_run(struct command *c, struct err *e);

#define VERB(words, function, arguments, required, other, sentence, example) \
	verb_run verb_##function;
#include "verbs.def"
#undef VERB

/* Bits of enum option. */
__extension__ typedef unsigned __int128 option_set;

struct verb {
	const char *words, *arguments, *sentence;
	const char *example; /* what follows "carillon " in a shell */
	verb_run *run;
	option_set required, allowed; /* allowed includes required */
};

static inline struct str
command_argument(const struct command *c, int i)
{
	return str_of(c->arguments[i]);
}

static inline struct str
command_option(const struct command *c, enum option o)
{
	return str_of(c->options[o]);
}

static inline bool
command_has(const struct command *c, enum option o)
{
	return c->options[o] != NULL;
}

/* False with a sentence that the way of asking is wrong, and the usage. */
#define FAIL_USAGE(c, e, ...) ((c)->is_misused = true, fail((e), ERR_INPUT, __VA_ARGS__))

/* --- options.c --- */

struct option_spec {
	const char *name, *argument, *sentence;
};
extern const struct option_spec option_specs[OPTIONS];

extern const struct verb verbs[];
extern const size_t n_verbs;

/* Whether a verb's words begin with `words` ("" does with all). */
bool verb_is_under(const struct verb *v, struct str words);

/*
 * Fills what was asked. ERR_INPUT: the sentence names the word and the nearest known one; the
 * verb may be NULL then. `--help` and `help` are verbs like others afterwards.
 */
MUST_USE bool command_parse(struct command *c, int argc, char **argv, struct err *e);

/* --- help.c --- */

void help_all(struct buf *out);
void help_under(struct buf *out, struct str words);
void help_verb(struct buf *out, const struct verb *v);
/* "carillon rule test WORKSPACE ID --event FILE [--json]", in lines; all but the first begin
 * `indent` columns to the right. */
void help_usage(struct buf *out, const struct verb *v, size_t indent);

/* --- command_open.c --- */

enum need {
	NEED_BROKER = 1 << 0,
	NEED_STATE = 1 << 1, /* the index of what is configured, up to date; and its registry */
	NEED_HISTORY = 1 << 2, /* and what became of the events */
	NEED_WRITE = 1 << 3,   /* an index that can only be read will not do */
	NEED_VAULT = 1 << 4,
};

/* Settings from defaults, file, environment and --set. Once; the other functions call it. */
MUST_USE bool command_load(struct command *c, struct err *e);
/* Opens what is needed and not open yet; all of it is closed at the end of the command. */
MUST_USE bool command_open(struct command *c, unsigned needs, struct err *e);
void command_close(struct command *c);
/* ERR_SETUP: a file that says who we are cannot be used. */
MUST_USE bool broker_options_of(
    struct command *c, int64_t connect_wait_ms, struct broker_options *out, struct err *e);
/* What the token of nats_creds says of us; NULL: there is none. */
const struct json *nats_creds_claims(struct command *c);
struct store_options store_options_of(const struct config *c);

/* --- input.c --- */

enum { INPUT_MAX = 1024 * 1024 }; /* bytes of a file; an event may have 256 KiB */

/* A whole file ("-": standard input) as text in the command's arena. */
MUST_USE bool read_input(struct command *c, const char *path, struct str *out, struct err *e);
/* The same parsed: one JSON object. Errors name file, line and column. */
MUST_USE bool read_object(
    struct command *c, const char *path, const struct json **out, struct err *e);
/* An option that is a JSON object itself, or a file of one; empty when it was not given, or is
 * empty itself. */
MUST_USE bool read_json_option(
    struct command *c, enum option o, struct str *out, struct err *e);
/* The destination type of a connection. NULL with a sentence: this build does not know it. */
const struct dest_type *dest_of_connection(const connection_record *r, struct err *e);
/* The secrets that such a connection has from standard input, a line each, without echo at a
 * terminal. The caller owns the credential. */
MUST_USE bool read_credential(const connection_record *r, struct secret **out, struct err *e);
/* Asks on a terminal; --yes answers. False with a sentence: do not. */
MUST_USE bool confirm(struct command *c, struct str question, struct err *e);
/* The id of the channel that a person names; the usage is shown when it is none. */
MUST_USE bool read_channel(struct command *c, const struct dest_type *dest, const char *text,
    char **out, struct err *e);
/* A whole number from 1 to `most`; `out` stays as it is when the option was not given. */
MUST_USE bool read_number(
    struct command *c, enum option o, uint64_t most, uint64_t *out, struct err *e);
/* A time, or how long ago; `out` stays as it is when the option was not given. */
MUST_USE bool read_time(struct command *c, enum option o, int64_t *out_ms, struct err *e);
/* "90m". */
MUST_USE bool read_duration(struct command *c, enum option o, int64_t *out_ms, struct err *e);
/* --retry "0,5,30"; "" is none. Both stay as they are when the option was not given. */
MUST_USE bool read_schedule(struct command *c, uint32_t **retry_s, size_t *n, struct err *e);
/* --limit, or how many are usual. */
MUST_USE bool read_limit(struct command *c, size_t *limit, struct err *e);
/* --limit, and --before as a sequence. */
MUST_USE bool read_page(struct command *c, size_t *limit, uint64_t *before, struct err *e);
