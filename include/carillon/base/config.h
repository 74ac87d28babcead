/*
 * The settings, one struct from one table (config.def). Filled at start from defaults, then a
 * YAML file, then CARILLON_<NAME> of the environment. A struct config that threads share is
 * constant: one that was read anew is another one, and each takes it over by itself.
 */
#pragma once

#include "carillon/base/base.h"
#include "carillon/base/buf.h"

enum { CONFIG_STRING_MAX = 1025 };

#define CONFIG_FIELD_STRING(name) char name[CONFIG_STRING_MAX];
#define CONFIG_FIELD_INT(name)    int64_t name;
#define CONFIG_FIELD_BOOL(name)   bool name;
struct config {
#define SETTING(type, name, def, min, max, unit, at, sentence) CONFIG_FIELD_##type(name)
#include "carillon/base/config.def"
#undef SETTING
};

void config_defaults(struct config *c);
/*
 * Reads a YAML mapping of settings. ERR_INPUT names file, line and setting, and suggests the
 * nearest name for an unknown one. Aliases, tags, nesting and a key twice are refused.
 */
MUST_USE bool config_load_file(struct config *c, const char *path, struct err *e);
/* As config_load_file, from memory; errors call it `name`. */
MUST_USE bool config_load_text(
    struct config *c, struct str text, const char *name, struct err *e);
/*
 * Applies CARILLON_<NAME>. An unknown CARILLON_ variable is an error, except those that are no
 * settings (CARILLON_MASTER_KEY, CARILLON_ALLOW_CORE and CARILLON_CONFIG, which names the file)
 * and the ones Kubernetes makes for a service called carillon.
 */
MUST_USE bool config_load_env(struct config *c, struct err *e);
/* Sets one by name, as text; checks type and bounds. */
MUST_USE bool config_set(struct config *c, const char *name, const char *value, struct err *e);
/* Rules across settings (ack_pending_max >= 4 x active_max, the schedule parses ...). */
MUST_USE bool config_check(const struct config *c, struct err *e);
#define CONFIG_FILE_USUAL "/etc/carillon/carillon.yaml"
/*
 * Defaults, then the file, then environment, then check. The file is `path`, else
 * $CARILLON_CONFIG (which may be empty: none), else `usual` if there is one.
 */
MUST_USE bool config_load(struct config *c, const char *path, const char *usual, struct err *e);

/*
 * Calls `each` with every setting in which `to` differs from `from`, and whether a reload is
 * enough for it or a restart is needed. Values as YAML, without passwords.
 */
typedef void config_change_fn(
    const char *name, bool at_reload, const char *was, const char *is, void *arg);
void config_each_change(
    const struct config *from, const struct config *to, config_change_fn *each, void *arg);
enum { CONFIG_NODE_MAX = 65 };
/* What this node is called: as it was set, else the host's name. */
void config_node(const struct config *c, char out[static CONFIG_NODE_MAX]);
/* Takes over the settings for which a reload is enough. */
void config_take_reloadable(struct config *c, const struct config *from);

/* Text for people: a list for --help, a Markdown table for docs/settings.md. */
void config_help(struct buf *out);
void config_markdown(struct buf *out);
/* The settings as YAML with their sentences as comments: what `carillon check --print` shows.
 */
void config_yaml(const struct config *c, struct buf *out);
/* A file to begin with: what has to be set, and, if it is to be whole, every other setting as a
 * comment. */
void config_example(struct buf *out, bool whole);
/* The same as one JSON object. */
void config_json(const struct config *c, struct buf *out);

enum { RETRY_STEPS_MAX = 16 };
struct retry_schedule {
	int64_t delay_ms[RETRY_STEPS_MAX];
	int steps;
};
MUST_USE bool config_retry_schedule(
    const char *text, struct retry_schedule *out, struct err *e);
