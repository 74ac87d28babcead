#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carillon/base/clock.h"
#include "carillon/base/tame.h"

void
print_text(struct buf *text)
{
	fwrite(text->ptr, 1, text->len, stdout);
	buf_fini(text);
}

static bool
is_colourful(void)
{
	return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

/* Characters, which is near enough to columns for what customers name things. */
static size_t
width_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static void
pad(struct buf *out, size_t n)
{
	for (; n > 0; n--)
		buf_putc(out, ' ');
}

/* --- documents --- */

void
document_begin(struct document *d, struct command *c)
{
	*d = (struct document){.command = c};
	buf_clear(&c->out);
	jw_init(&d->w, &c->out);
	d->w.indent = true;
}

void
say_deleted(struct command *c, struct str id)
{
	struct document doc;

	if (!command_has(c, OPTION_JSON))
		return;
	document_begin(&doc, c);
	jw_object(&doc.w);
	jw_kv_string(&doc.w, "deleted", id);
	jw_object_end(&doc.w);
	document_end(&doc);
}

static void read_out(struct buf *out, const struct json *v, size_t indent);

static bool
is_scalar(const struct json *v)
{
	return v->kind != JSON_OBJECT && v->kind != JSON_ARRAY;
}

/* Nothing to say: people are not told of what is not there. */
static bool
is_nothing(const struct json *v)
{
	if (v->kind == JSON_STRING)
		return v->text.len == 0;
	return v->kind == JSON_NULL || (!is_scalar(v) && v->count == 0);
}

static void
read_scalar(struct buf *out, const struct json *v)
{
	switch (v->kind) {
	case JSON_TRUE: buf_cstr(out, "yes"); break;
	case JSON_FALSE: buf_cstr(out, "no"); break;
	case JSON_NULL: buf_cstr(out, "-"); break;
	default: tame_put(out, v->text); break;
	}
}

static bool
is_row_of_scalars(const struct json *v)
{
	JSON_EACH (item, v)
		if (!is_scalar(item))
			return false;
	return v->kind == JSON_ARRAY;
}

static void
read_member(struct buf *out, const struct json *v, size_t indent, size_t width)
{
	pad(out, indent);
	tame_put(out, v->key);
	if (is_scalar(v)) {
		pad(out, width - v->key.len + 2);
		read_scalar(out, v);
	} else if (is_row_of_scalars(v)) {
		pad(out, width - v->key.len + 2);
		JSON_EACH (item, v) {
			read_scalar(out, item);
			if (item->next)
				buf_cstr(out, ", ");
		}
	}
	buf_putc(out, '\n');
	if (!is_scalar(v) && !is_row_of_scalars(v))
		read_out(out, v, indent + 2);
}

static void
read_object_out(struct buf *out, const struct json *v, size_t indent)
{
	size_t width = 0;

	JSON_EACH (member, v)
		if (!is_nothing(member) && member->key.len > width)
			width = member->key.len;
	JSON_EACH (member, v)
		if (!is_nothing(member))
			read_member(out, member, indent, width);
}

/* The value for people, a line a fact. */
static void
read_out(struct buf *out, const struct json *v, size_t indent)
{
	int number = 1;

	if (v->kind == JSON_OBJECT) {
		read_object_out(out, v, indent);
		return;
	}
	if (is_scalar(v)) {
		pad(out, indent);
		read_scalar(out, v);
		buf_putc(out, '\n');
		return;
	}
	JSON_EACH (item, v) {
		if (v->count > 1) {
			pad(out, indent);
			buf_printf(out, "%d.\n", number++);
		}
		read_out(out, item, indent + (v->count > 1 ? 2 : 0));
	}
}

void
document_end(struct document *d)
{
	enum { DEPTH = JSON_DEPTH_MAX + 8 }; /* a payload, and what it is shown in */
	const struct json *v;
	struct buf people = {0};
	struct err e = {0};

	d->command->has_answered = true;
	if (command_has(d->command, OPTION_JSON) ||
	    !json_parse(d->command->arena, buf_view(&d->command->out), DEPTH, &v, &e)) {
		buf_putc(&d->command->out, '\n');
		print_text(&d->command->out);
		return;
	}
	/* Of a list people need what is in it. */
	read_out(&people, json_get(v, STR("records")) ? json_get(v, STR("records")) : v, 0);
	print_text(&people);
}

/* --- lists --- */

bool
listing_is_json(const struct listing *l)
{
	return command_has(l->doc.command, OPTION_JSON);
}

void
listing_cell(struct listing *l, struct str text)
{
	struct buf tame = {0};

	tame_put(&tame, text.len > 0 ? text : STR("-"));
	if (l->n_cells == l->cap) {
		struct arena *a = l->doc.command->arena;
		struct str *more = ARENA_ARRAY(a, struct str, l->cap ? 2 * l->cap : 64);

		if (l->n_cells > 0)
			memcpy(more, l->cells, l->n_cells * sizeof(*more));
		l->cells = more;
		l->cap = l->cap ? 2 * l->cap : 64;
	}
	l->cells[l->n_cells++] = arena_str(l->doc.command->arena, buf_view(&tame));
	buf_fini(&tame);
}

void
listing_time(struct listing *l, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	listing_cell(l, ms == 0 ? (struct str){0} : str_of(clock_text((wall_t){ms}, text)));
}

void
listing_begin(struct listing *l, struct command *c, const char *columns)
{
	*l = (struct listing){0};
	document_begin(&l->doc, c);
	l->w = &l->doc.w;
	for (const char *at = columns; *at; l->n_columns++) {
		size_t len = strcspn(at, " ");

		listing_cell(l, (struct str){at, len});
		at += len + (at[len] != '\0');
	}
	jw_object(l->w);
	jw_key(l->w, "records");
	jw_array(l->w);
}

void
listing_record(struct listing *l)
{
	l->n_records++;
}

static void
print_row(struct buf *out, const struct listing *l, size_t row, const size_t *widths)
{
	for (size_t i = 0; i < l->n_columns; i++) {
		struct str cell = l->cells[row * l->n_columns + i];

		buf_str(out, cell);
		if (i + 1 < l->n_columns)
			pad(out, widths[i] - width_of(cell) + 2);
	}
	buf_putc(out, '\n');
}

static void
print_table(struct listing *l)
{
	enum { COLUMNS_MAX = 16 };
	size_t widths[COLUMNS_MAX] = {0}, rows = l->n_cells / l->n_columns;
	bool colourful = is_colourful();
	struct buf out = {0};

	must(l->n_columns <= COLUMNS_MAX && l->n_cells % l->n_columns == 0);
	for (size_t i = 0; i < l->n_cells; i++) {
		size_t width = width_of(l->cells[i]);

		if (width > widths[i % l->n_columns])
			widths[i % l->n_columns] = width;
	}
	for (size_t row = 0; row < rows; row++) {
		buf_cstr(&out, colourful && row == 0 ? "\033[1m" : "");
		print_row(&out, l, row, widths);
		buf_cstr(&out, colourful && row == 0 ? "\033[0m" : "");
	}
	print_text(&out);
}

static void
print_more(struct str next)
{
	struct buf out = {0};

	buf_cstr(&out, "more: --before ");
	tame_put(&out, next);
	buf_putc(&out, '\n');
	print_text(&out);
}

void
listing_end(struct listing *l, struct str next)
{
	jw_array_end(l->w);
	jw_kv_int(l->w, "count", (int64_t)l->n_records);
	jw_key(l->w, "next");
	if (next.len > 0)
		jw_string(l->w, next);
	else
		jw_null(l->w);
	jw_object_end(l->w);
	if (listing_is_json(l)) {
		document_end(&l->doc);
	} else {
		if (l->n_records == 0)
			printf("none\n");
		else
			print_table(l);
		if (next.len > 0)
			print_more(next);
	}
}
