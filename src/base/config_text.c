#include "carillon/base/config.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/config_table.h"

static const char *const at_names[] = {
    [SETTING_AT_RELOAD] = "reload",
    [SETTING_AT_RESTART] = "restart",
};

static void
put_default(struct buf *out, const struct setting *s)
{
	switch (s->type) {
	case SETTING_STRING: buf_cstr(out, s->text); break;
	case SETTING_INT: buf_printf(out, "%" PRId64, s->number); break;
	case SETTING_BOOL: buf_cstr(out, s->number ? "true" : "false"); break;
	}
}

static void
put_bounds(struct buf *out, const struct setting *s)
{
	switch (s->type) {
	case SETTING_STRING:
		buf_printf(out, "%" PRId64 " to %" PRId64 " bytes", s->min, s->max);
		break;
	case SETTING_INT: buf_printf(out, "%" PRId64 " to %" PRId64, s->min, s->max); break;
	case SETTING_BOOL: buf_cstr(out, "true or false"); break;
	}
	if (s->type == SETTING_INT && s->unit[0])
		buf_printf(out, " %s", s->unit);
}

void
config_help(struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct setting *s = &settings[i];
		buf_printf(out, "  %s\n      %s\n      default ", s->name, s->sentence);
		if (s->type == SETTING_STRING)
			buf_printf(out, "\"%s\"", s->text);
		else
			put_default(out, s);
		buf_cstr(out, "; ");
		put_bounds(out, s);
		buf_printf(out, "; changes at a %s\n", at_names[s->at]);
	}
}

void
config_markdown(struct buf *out)
{
	buf_cstr(out,
	    "| Setting | Default | Bounds | Changes at | Meaning |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct setting *s = &settings[i];
		bool empty = s->type == SETTING_STRING && !s->text[0];
		buf_printf(out, "| `%s` | ", s->name);
		buf_cstr(out, empty ? "(empty)" : "`");
		put_default(out, s);
		buf_cstr(out, empty ? " | " : "` | ");
		put_bounds(out, s);
		buf_printf(out, " | %s | %s |\n", at_names[s->at], s->sentence);
	}
}

/* Length of a URL's "user:password" at the start of `s`, before an "@"; 0 if it has none. */
static size_t
userinfo_len(struct str s)
{
	size_t len = 0;
	for (size_t i = 0; i < s.len && s.ptr[i] != ','; i++)
		if (s.ptr[i] == '@')
			len = i;
	return len;
}

/* Double-quoted YAML. Settings hold no control characters, so two escapes are enough. */
static void
put_quoted(struct buf *out, struct str s)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		struct str rest = {s.ptr + i, s.len - i};
		if (str_starts_with(rest, STR("://"))) {
			size_t hidden = userinfo_len((struct str){rest.ptr + 3, rest.len - 3});
			buf_cstr(out, hidden ? "://***" : "://");
			i += 2 + hidden;
			continue;
		}
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, s.ptr[i]);
	}
	buf_putc(out, '"');
}

void
setting_show(struct buf *out, const struct config *c, const struct setting *s)
{
	const char *at = (const char *)c + s->offset;
	switch (s->type) {
	case SETTING_STRING: put_quoted(out, str_of(at)); break;
	case SETTING_INT:
		buf_printf(out, "%" PRId64, *(const int64_t *)(const void *)at);
		break;
	case SETTING_BOOL:
		buf_cstr(out, *(const bool *)(const void *)at ? "true" : "false");
		break;
	}
}

void
config_yaml(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		const struct setting *s = &settings[i];
		buf_printf(out, "%s# %s\n%s: ", i ? "\n" : "", s->sentence, s->name);
		setting_show(out, c, s);
		buf_putc(out, '\n');
	}
}

/* What is quoted for YAML is a string of JSON, too: settings are text without control
 * characters. */
void
config_json(const struct config *c, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		buf_printf(out, "%s\"%s\": ", i ? ",\n  " : "{\n  ", settings[i].name);
		setting_show(out, c, &settings[i]);
	}
	buf_cstr(out, "\n}\n");
}

/* What a new installation has to say, as docs/getting-started.md makes it. */
static const struct {
	const char *name, *value;
} example[] = {
    {"nats_url", "nats://127.0.0.1:4222"},
    {"nats_creds", "/etc/carillon/nats/service.creds"},
    {"nats_dir", "/etc/carillon/nats"},
    {"data_dir", "/var/lib/carillon"},
    {"master_key_file", "/etc/carillon/master-key"},
};

static const char *
example_of(const struct setting *s)
{
	for (size_t i = 0; i < COUNT_OF(example); i++)
		if (strcmp(example[i].name, s->name) == 0)
			return example[i].value;
	return NULL;
}

/* The value is the example's, or else the default, as a comment. */
static void
put_example(struct buf *out, const struct config *usual, const struct setting *s)
{
	const char *value = example_of(s);

	buf_printf(out, "\n# %s\n%s%s: ", s->sentence, value == NULL ? "#" : "", s->name);
	if (value != NULL)
		put_quoted(out, str_of(value));
	else
		setting_show(out, usual, s);
	buf_putc(out, '\n');
}

void
config_example(struct buf *out, bool whole)
{
	struct config usual;

	config_defaults(&usual);
	buf_cstr(out, "# Settings of Carillon; usually " CONFIG_FILE_USUAL ".\n");
	if (whole)
		buf_cstr(out, "# What stands here without a # is what an installation has to "
			      "say. Behind each # is a default.\n"
			      "# `carillon check` says whether it fits together.\n");
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		if (example_of(&settings[i]) != NULL)
			put_example(out, &usual, &settings[i]);
	for (size_t i = 0; whole && i < COUNT_OF(settings); i++)
		if (example_of(&settings[i]) == NULL)
			put_example(out, &usual, &settings[i]);
}

void
config_node(const struct config *c, char out[static CONFIG_NODE_MAX])
{
	if (c->node_name[0] != '\0')
		str_copy(out, CONFIG_NODE_MAX, str_of(c->node_name));
	else if (gethostname(out, CONFIG_NODE_MAX - 1) != 0)
		str_copy(out, CONFIG_NODE_MAX, STR("unnamed"));
	out[CONFIG_NODE_MAX - 1] = '\0'; /* a longer name may come without its end */
}
