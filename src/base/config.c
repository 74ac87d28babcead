#include "carillon/base/config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/suggest.h"
#include "base/config_table.h"

#define TEXT_OF_STRING(def)   def
#define TEXT_OF_INT(def)      NULL
#define TEXT_OF_BOOL(def)     NULL
#define NUMBER_OF_STRING(def) 0
#define NUMBER_OF_INT(def)    def
#define NUMBER_OF_BOOL(def)   def

/* clang-format off */
const struct setting settings[SETTING_COUNT] = {
#define SETTING(type, name, def, min, max, unit, at, sentence)                                   \
	{#name, SETTING_##type, TEXT_OF_##type(def), NUMBER_OF_##type(def), min, max, unit,      \
	    SETTING_AT_##at, sentence, offsetof(struct config, name)},
#include "carillon/base/config.def"
#undef SETTING
};
/* clang-format on */

static const struct str env_prefix = {"CARILLON_", 9};

/* Variables that begin like a setting and are none. */
static const struct {
	const char *name;
	bool is_prefix;
} env_not_settings[] = {
    {"CONFIG", false},
    {"MASTER_KEY", false},
    {"ALLOW_CORE", false},
    /* Kubernetes gives every pod the address of a service called "carillon" this way. */
    {"SERVICE_HOST", false},
    {"SERVICE_PORT", true},
    {"PORT", true},
};

static char *
setting_string(struct config *c, const struct setting *s)
{
	must(s->type == SETTING_STRING);
	return (char *)c + s->offset;
}

static int64_t *
setting_int(struct config *c, const struct setting *s)
{
	must(s->type == SETTING_INT);
	return (int64_t *)(void *)((char *)c + s->offset);
}

static bool *
setting_bool(struct config *c, const struct setting *s)
{
	must(s->type == SETTING_BOOL);
	return (bool *)(void *)((char *)c + s->offset);
}

const struct setting *
setting_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (str_eq(name, str_of(settings[i].name)))
			return &settings[i];
	return NULL;
}

const char *
shown(struct str s, char out[static SHOWN_MAX])
{
	size_t len = s.len < SHOWN_MAX - 4 ? s.len : SHOWN_MAX - 4;
	for (size_t i = 0; i < len; i++)
		out[i] = s.ptr[i] >= ' ' && s.ptr[i] <= '~' ? s.ptr[i] : '?';
	(void)str_copy(out + len, SHOWN_MAX - len, len < s.len ? STR("...") : STR(""));
	return out;
}

static bool
assign_string(struct config *c, const struct setting *s, struct str value, struct err *e)
{
	if (!str_is_text(value))
		return fail(e, ERR_INPUT, "is not UTF-8 text");
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < ' ' || value.ptr[i] == 0x7f)
			return fail(e, ERR_INPUT, "has a control character at byte %zu", i + 1);
	if ((int64_t)value.len < s->min || (int64_t)value.len > s->max)
		return fail(e, ERR_INPUT, "has %zu bytes; it must have %" PRId64 " to %" PRId64,
		    value.len, s->min, s->max);
	must(str_copy(setting_string(c, s), CONFIG_STRING_MAX, value));
	return true;
}

/* YAML's core schema: an optional sign and decimal digits, no more. */
static bool
parse_int(struct str text, int64_t *out)
{
	bool negative = text.len > 1 && text.ptr[0] == '-';
	size_t first = negative ? 1 : 0;
	int64_t n = 0;
	if (text.len == 0 || (text.ptr[first] == '0' && text.len > first + 1))
		return false;
	for (size_t i = first; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, text.ptr[i] - '0', &n))
			n = INT64_MAX; /* outside every bound; the multiplication keeps it there
			                */
	}
	*out = negative ? -n : n;
	return true;
}

static bool
assign_int(struct config *c, const struct setting *s, struct str value, struct err *e)
{
	int64_t n = 0;
	char text[SHOWN_MAX];
	const char *space = s->unit[0] ? " " : "";
	if (!parse_int(value, &n))
		return fail(e, ERR_INPUT,
		    "\"%s\" is not a whole number; it must be %" PRId64 " to %" PRId64 "%s%s",
		    shown(value, text), s->min, s->max, space, s->unit);
	if (n < s->min || n > s->max)
		return fail(e, ERR_INPUT,
		    "%s is out of bounds; it must be %" PRId64 " to %" PRId64 "%s%s",
		    shown(value, text), s->min, s->max, space, s->unit);
	*setting_int(c, s) = n;
	return true;
}

static bool
assign_bool(struct config *c, const struct setting *s, struct str value, struct err *e)
{
	char text[SHOWN_MAX];
	bool on = str_eq(value, STR("true"));
	if (!on && !str_eq(value, STR("false")))
		return fail(
		    e, ERR_INPUT, "\"%s\" is neither true nor false", shown(value, text));
	*setting_bool(c, s) = on;
	return true;
}

bool
setting_assign(struct config *c, const struct setting *s, struct str value, struct err *e)
{
	switch (s->type) {
	case SETTING_STRING: return assign_string(c, s, value, e);
	case SETTING_INT: return assign_int(c, s, value, e);
	case SETTING_BOOL: return assign_bool(c, s, value, e);
	}
	return false;
}

void
config_defaults(struct config *c)
{
	*c = (struct config){0};
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct setting *s = &settings[i];
		switch (s->type) {
		case SETTING_STRING:
			must(
			    str_copy(setting_string(c, s), CONFIG_STRING_MAX, str_of(s->text)));
			break;
		case SETTING_INT: *setting_int(c, s) = s->number; break;
		case SETTING_BOOL: *setting_bool(c, s) = s->number != 0; break;
		}
	}
}

static const struct setting *
setting_nearest(struct str name)
{
	struct str names[SETTING_COUNT];
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		names[i] = str_of(settings[i].name);
	return setting_find(str_nearest(name, names, COUNT_OF(names)));
}

bool
setting_fail_unknown(struct err *e, struct str name)
{
	char text[SHOWN_MAX];
	const struct setting *near = setting_nearest(name);
	if (!near)
		return fail(e, ERR_INPUT, "%s: no such setting", shown(name, text));
	return fail(e, ERR_INPUT, "%s: no such setting; did you mean %s?", shown(name, text),
	    near->name);
}

bool
config_set(struct config *c, const char *name, const char *value, struct err *e)
{
	const struct setting *s = setting_find(str_of(name));
	if (!s)
		return setting_fail_unknown(e, str_of(name));
	return setting_assign(c, s, str_of(value), e) || fail_within(e, "%s", name);
}

static bool
env_is_setting(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(env_not_settings); i++) {
		struct str other = str_of(env_not_settings[i].name);
		if (env_not_settings[i].is_prefix ? str_starts_with(name, other)
						  : str_eq(name, other))
			return false;
	}
	return true;
}

enum { NAME_MAX_LEN = 40 };

/* ACTIVE_MAX to active_max; the empty string when it cannot be a setting. */
static struct str
env_lower(struct str name, char out[static NAME_MAX_LEN])
{
	if (name.len >= NAME_MAX_LEN)
		return STR("");
	for (size_t i = 0; i < name.len; i++) {
		char ch = name.ptr[i];
		if (ch >= 'a' && ch <= 'z')
			return STR("");
		out[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
	}
	return (struct str){out, name.len};
}

static bool
env_fail_unknown(struct err *e, struct str variable, struct str lower)
{
	char text[SHOWN_MAX], upper[NAME_MAX_LEN];
	const struct setting *near = setting_nearest(lower);
	if (!near)
		return fail(e, ERR_INPUT,
		    "%s: no such setting; unset it (`carillon serve --help` lists them)",
		    shown(variable, text));
	size_t len = strlen(near->name);
	for (size_t i = 0; i <= len; i++)
		upper[i] = near->name[i] >= 'a' && near->name[i] <= 'z'
		               ? (char)(near->name[i] - 'a' + 'A')
		               : near->name[i];
	return fail(e, ERR_INPUT, "%s: no such setting; did you mean %s%s?",
	    shown(variable, text), env_prefix.ptr, upper);
}

/* Applies one NAME=value of the environment, if it is about us. */
static bool
env_apply(struct config *c, const char *entry, struct err *e)
{
	const char *equals = strchr(entry, '=');
	struct str all = {entry, equals ? (size_t)(equals - entry) : 0};
	if (!str_starts_with(all, env_prefix))
		return true;
	struct str name = {all.ptr + env_prefix.len, all.len - env_prefix.len};
	if (!env_is_setting(name))
		return true;
	char lower[NAME_MAX_LEN];
	struct str wanted = env_lower(name, lower);
	const struct setting *s = setting_find(wanted);
	if (!s)
		return env_fail_unknown(e, all, wanted);
	return setting_assign(c, s, str_of(equals + 1), e) ||
	       fail_within(e, "%.*s", STR_ARG(all));
}

bool
config_load_env(struct config *c, struct err *e)
{
	for (char **entry = environ; entry && *entry; entry++)
		if (!env_apply(c, *entry, e))
			return false;
	return true;
}

bool
config_load(struct config *c, const char *path, const char *usual, struct err *e)
{
	config_defaults(c);
	if (!path)
		path = getenv("CARILLON_CONFIG");
	if (!path && access(usual, F_OK) == 0)
		path = usual;
	if (path && path[0] && !config_load_file(c, path, e))
		return false;
	return config_load_env(c, e) && config_check(c, e);
}
