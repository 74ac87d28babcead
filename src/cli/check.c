/* Looks at everything the service needs and does, changes nothing, and says what to do. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carillon/dest/dest.h"
#include "carillon/index/lost_tail.h"

#include "check_producers.h"
#include "check_running.h"
#include "check_stored.h"
#include "output.h"

struct checks {
	struct command *command;
	struct document doc;
	const char *what; /* the part that is being looked at */
	const char *code; /* what is wrong with it, if it is: for programs, never renamed */
	int bad;
};

/* "" of a code that is in order. */
static const char *
next_command(const char *code)
{
	static const struct {
		const char *code, *next;
	} known[] = {
#define CODE(code, next) {code, next},
#include "check_codes.def"
#undef CODE
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (strcmp(known[i].code, code) == 0)
			return known[i].next;
	return "";
}

static void
found_one(enum check_result is, const char *what, const char *code, const char *sentence,
    void *checks)
{
	static const char *const words[] = {
	    [CHECK_OK] = "ok", [CHECK_NOTE] = "note", [CHECK_BAD] = "FAIL"};
	struct checks *f = checks;
	struct json_writer *w = &f->doc.w;
	const char *next = next_command(code);

	f->bad += is == CHECK_BAD;
	if (!command_has(f->command, OPTION_JSON)) {
		printf("%-4s  %-9s %s\n", words[is], what, sentence);
		if (next[0] != '\0')
			printf("%-4s  %-9s -> %s\n", "", "", next);
	}
	jw_object(w);
	jw_kv_cstr(w, "what", what);
	jw_kv_bool(w, "ok", is != CHECK_BAD);
	jw_kv_cstr(w, "code", code);
	jw_kv_cstr(w, "sentence", sentence);
	jw_kv_cstr(w, "next", next);
	jw_object_end(w);
}

static void
found(struct checks *f, bool ok, const char *sentence)
{
	found_one(ok ? CHECK_OK : CHECK_BAD, f->what, ok ? "" : f->code, sentence, f);
}

static void
look_at(struct checks *f, const char *what, const char *code)
{
	f->what = what;
	f->code = code;
}

static bool
check_settings(struct checks *f)
{
	struct err e = {0};

	look_at(f, "settings", "settings_wrong");
	if (command_load(f->command, &e)) {
		found(f, true, "the settings are complete and agree with each other");
		return true;
	}
	found(f, false, e.text);
	return false;
}

static void
check_vault(struct checks *f)
{
	struct command *c = f->command;
	char sentence[120];
	const char *why = "";
	struct err e = {0};

	look_at(f, "vault", "key_unusable");
	if (!vault_open(&c->vault, c->config.master_key_file, &e)) {
		found(f, false, e.text);
		return;
	}
	snprintf(sentence, sizeof(sentence), "the master key is readable, version %u",
	    vault_version(c->vault));
	found(f, true, sentence);
	f->code = "memory_not_locked";
	if (!secret_memory_is_locked(&why))
		found(f, false, why);
}

static bool
check_data_dir(struct checks *f)
{
	const char *dir = f->command->config.data_dir;
	char sentence[CONFIG_STRING_MAX + 160];
	struct stat st;
	bool exists = stat(dir, &st) == 0;

	look_at(f, "data_dir", "data_dir_unusable");
	if (!exists && errno == ENOENT) {
		snprintf(
		    sentence, sizeof(sentence), "%s is not there yet; serve makes it", dir);
		found(f, true, sentence);
		return false;
	}
	if (!exists || !S_ISDIR(st.st_mode))
		snprintf(sentence, sizeof(sentence), "%s: %s; set data_dir to a directory", dir,
		    exists ? "is no directory" : strerror(errno));
	else if (access(dir, R_OK | W_OK | X_OK) != 0)
		snprintf(sentence, sizeof(sentence),
		    "%s may not be written by this user: change its owner, or run this as "
		    "the service's user",
		    dir);
	else
		snprintf(sentence, sizeof(sentence), "%s is there and may be written", dir);
	exists = exists && S_ISDIR(st.st_mode) && access(dir, R_OK | W_OK | X_OK) == 0;
	found(f, exists, sentence);
	return exists;
}

static void
broker_finding(bool ok, const char *sentence, void *arg)
{
	found(arg, ok, sentence);
}

static bool
check_broker(struct checks *f)
{
	enum { CHECK_CONNECT_WAIT_MS = 3000 };
	struct command *c = f->command;
	struct broker_options o;
	struct err e = {0};

	look_at(f, "broker", "login_unusable");
	if (!broker_options_of(c, CHECK_CONNECT_WAIT_MS, &o, &e)) {
		found(f, false, e.text);
		return false;
	}
	o.name = "carillon-check";
	f->code = "broker_differs";
	if (broker_connect(&c->broker, &o, &e) &&
	    broker_check(c->broker, broker_finding, f, &e))
		return true;
	f->code = e.kind == ERR_DENIED ? "broker_refuses"
	          : e.kind == ERR_TEMP ? "broker_silent"
	                               : "login_unusable";
	found(f, false, e.text);
	return false;
}

static void
check_producers(struct checks *f)
{
	char sentence[PRODUCERS_SENTENCE_MAX];
	bool ok = producers_are_apart(f->command, sentence);

	look_at(f, "producers", "producers_not_apart");
	found(f, ok, sentence);
}

/* How far an environment is behind its stream, or the stream behind what it has of it. */
static void
check_tail(struct checks *f, enum stream stream)
{
	struct command *c = f->command;
	char sentence[TAIL_SENTENCE_MAX + 80];
	struct tail tail;
	struct err e = {0};

	if (!tail_look(&tail, c->broker, c->store, stream, TAIL_ASK, &e) ||
	    !tail_must_be_whole(&tail, &e)) {
		found(f, false, e.text);
		return;
	}
	snprintf(sentence, sizeof(sentence), "the index has %llu of %llu of stream %s",
	    (unsigned long long)tail.applied, (unsigned long long)tail.info.last_seq,
	    tail.info.name);
	found(f, true, sentence);
}

static void
check_index(struct checks *f)
{
	struct command *c = f->command;
	struct store_options o = store_options_of(&c->config);
	struct err e = {0};

	look_at(f, "index", "index_damaged");
	o.read_only = o.looks_at_all = true;
	if (!store_open(&c->store, &o, &e)) {
		bool is_new = e.kind == ERR_NOT_FOUND;

		found(f, is_new, is_new ? "there is none yet; serve makes it" : e.text);
		return;
	}
	found(f, true, "both files are whole");
	if (c->broker == NULL || !broker_is_connected(c->broker))
		return;
	f->code = "stream_lost";
	check_tail(f, STREAM_STATE);
	check_tail(f, STREAM_HISTORY);
	check_tail(f, STREAM_EVENTS);
}

static void
check_stored(struct checks *f)
{
	struct command *c = f->command;

	if (c->store == NULL)
		return;
	look_at(f, "records", "record_unreadable");
	check_records(c, broker_finding, f);
	look_at(f, "vault", "credential_shut");
	if (c->vault != NULL)
		check_credentials(c, broker_finding, f);
}

/* Where it may lead is the settings' to check; here it is said. */
static void
check_base_url(struct checks *f, const struct dest_type *dest)
{
	struct str url = str_of(dest->settings(&f->command->config).base_url);
	struct config usual;

	if (url.len == 0) /* each connection has its own */
		return;
	config_defaults(&usual);
	look_at(f, dest->name, "");
	found(f, true,
	    arena_printf(f->command->arena,
		str_eq(url, str_of(dest->settings(&usual).base_url))
		    ? "%s is %s itself"
		    : "%s is not %s itself but a stand-in or a proxy",
		dest->base_url_setting, dest->title)
		.ptr);
}

static bool
print_settings(struct command *c, struct err *e)
{
	struct buf out = {0};

	if (!command_load(c, e))
		return false;
	if (command_has(c, OPTION_JSON))
		config_json(&c->config, &out);
	else
		config_yaml(&c->config, &out);
	print_text(&out);
	return true;
}

bool
verb_check(struct command *c, struct err *e)
{
	struct checks f = {.command = c};

	if (command_has(c, OPTION_PRINT))
		return print_settings(c, e);
	document_begin(&f.doc, c);
	jw_object(&f.doc.w);
	jw_key(&f.doc.w, "findings");
	jw_array(&f.doc.w);
	if (check_settings(&f)) {
		for (int i = 0; i < dest_count(); i++)
			check_base_url(&f, dest_at(i));
		check_vault(&f);
		if (check_broker(&f)) {
			check_producers(&f);
			check_running(c, found_one, &f);
			check_sync(c, found_one, &f);
		}
		if (check_data_dir(&f)) {
			check_disks(c, found_one, &f);
			check_index(&f);
		}
		check_stored(&f);
	}
	jw_array_end(&f.doc.w);
	jw_kv_bool(&f.doc.w, "ok", f.bad == 0);
	jw_object_end(&f.doc.w);
	if (command_has(c, OPTION_JSON))
		document_end(&f.doc);
	c->exit_code = f.bad > 0 ? EXIT_FAILED : EXIT_FINE;
	return true;
}
