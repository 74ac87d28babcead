/*
 * The reader: one pass over the text, recursion no deeper than the caller's limit.
 */
#include "carillon/base/json.h"

#include "base/utf8.h"

enum { FEW_KEYS = 16 }; /* up to here, comparing all pairs beats sorting */

struct reader {
	struct arena *arena;
	const char *start, *at, *end;
	int depth, depth_max;
	struct json_error *error;
	struct json_flaws *flaws; /* what is mended; NULL where nothing is */
};

enum { REPLACEMENT = 0xfffd };

static bool read_value(struct reader *r, struct json *v);

static bool
refuse(struct reader *r, const char *at, const char *what)
{
	struct str text = {r->start, (size_t)(r->end - r->start)};

	json_position(text, (size_t)(at - r->start), &r->error->line, &r->error->column);
	(void)str_copy(r->error->what, sizeof r->error->what, str_of(what));
	return false;
}

/* Whether the flaw at `at` is mended; notes it. */
static bool
mend(struct reader *r, enum json_flaw flaw, const char *at)
{
	struct json_flaws *f = r->flaws;
	struct str text = {r->start, (size_t)(r->end - r->start)};

	if (f == NULL)
		return false;
	if (f->count[flaw]++ == 0)
		json_position(text, (size_t)(at - r->start), &f->line[flaw], &f->column[flaw]);
	return true;
}

static void *
allocate(struct reader *r, size_t size)
{
	void *bytes = arena_alloc(r->arena, size);

	if (!bytes)
		(void)refuse(r, r->at, "expected less: the document takes too much memory");
	return bytes;
}

static void
skip_space(struct reader *r)
{
	const char *p = r->at;

	while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	r->at = p;
}

/* Takes `c` if it is next, after any space. */
static bool
take(struct reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool
read_hex4(const char *p, const char *end, uint32_t *out)
{
	uint32_t n = 0;

	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		const int digit = hex_digit(p[i]);

		if (digit < 0)
			return false;
		n = n << 4 | (uint32_t)digit;
	}
	*out = n;
	return true;
}

/* The character of the \u at `*p`, which may be two halves. Moves `*p` past it. */
static bool
read_unicode(struct reader *r, const char **p, const char *end, uint32_t *out)
{
	const char *at = *p;
	uint32_t high, low;

	if (!read_hex4(at + 2, end, &high))
		return refuse(r, at, "expected four hexadecimal digits after \\u");
	*p = at + 6;
	*out = high;
	if (high == 0 && mend(r, JSON_FLAW_NUL, at))
		*out = REPLACEMENT;
	else if (high == 0)
		return refuse(r, at, "expected a character other than NUL");
	if (high < 0xd800 || high > 0xdfff)
		return true;
	if (high > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u' ||
	    !read_hex4(*p + 2, end, &low) || low < 0xdc00 || low > 0xdfff) {
		*out = REPLACEMENT;
		return mend(r, JSON_FLAW_LONE_SURROGATE, at) ||
		       refuse(r, at, "expected both halves of a surrogate pair");
	}
	*p += 6;
	*out = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

/* Decodes the escape at `*p` into `*to`, which has room: an escape is longer than its text. */
static bool
read_escape(struct reader *r, const char **p, const char *end, char **to)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	char utf8[UTF8_CHAR_MAX], name = (*p)[1];
	const char *found = memchr(names, name, sizeof names - 1);
	uint32_t c = 0;

	if (found) {
		*(*to)++ = meanings[found - names];
		*p += 2;
		return true;
	}
	if (name != 'u')
		return refuse(r, *p, "expected one of \"\\/bfnrtu after a backslash");
	if (!read_unicode(r, p, end, &c))
		return false;
	size_t len = utf8_put(utf8, c);
	memcpy(*to, utf8, len);
	*to += len;
	return true;
}

/* A character that may stand in a string as it is: its bytes, or 0 having refused it. */
static size_t
check_char(struct reader *r, const char *p)
{
	size_t len = utf8_len(p, (size_t)(r->end - p));

	if (len == 0)
		(void)refuse(r, p, "expected well-formed UTF-8");
	else if ((unsigned char)*p < 0x20)
		(void)refuse(r, p, "expected an escape instead of a control character");
	else
		return len;
	return 0;
}

/* Copies the character at `p`, or what is put in its place; its bytes, or 0 having refused it.
 */
static size_t
copy_char(struct reader *r, const char *p, char **to)
{
	size_t len = utf8_len(p, (size_t)(r->end - p));

	if (len == 0 && mend(r, JSON_FLAW_BAD_UTF8, p)) {
		*to += utf8_put(*to, REPLACEMENT);
		return 1;
	}
	if (len == 0 || *p == '\0' || (unsigned char)*p >= 0x20 ||
	    !mend(r, JSON_FLAW_CONTROL, p))
		len = check_char(r, p);
	memcpy(*to, p, len);
	*to += len;
	return len;
}

/* The quote that ends the string that goes on at `p`, or NULL. */
static const char *
find_quote(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

/* A string with escapes, or with flaws that are mended: decoded into the arena. */
static bool
read_escaped(struct reader *r, const char *start, struct str *out)
{
	const char *end = find_quote(start, r->end);

	if (!end)
		return refuse(r, r->end, "expected the closing quote of a string");
	/* A byte that is mended takes three. */
	size_t room = (size_t)(end - start) * (r->flaws ? 3 : 1);
	char *text = allocate(r, room), *to = text;
	if (!text)
		return false;
	for (const char *p = start; p < end;) {
		if (*p == '\\') {
			if (!read_escape(r, &p, end, &to))
				return false;
			continue;
		}
		size_t len = copy_char(r, p, &to);
		if (len == 0)
			return false;
		p += len;
	}
	*out = (struct str){text, (size_t)(to - text)};
	r->at = end + 1;
	return true;
}

/* From the opening quote. Without an escape it stays where it is. */
static bool
read_string(struct reader *r, struct str *out)
{
	const char *start = r->at + 1, *p = start;

	while (p < r->end) {
		unsigned char c = (unsigned char)*p;

		if (c == '"') {
			*out = (struct str){start, (size_t)(p - start)};
			r->at = p + 1;
			return true;
		}
		if (c == '\\')
			return read_escaped(r, start, out);
		if (c >= 0x20 && c < 0x80) {
			p++;
			continue;
		}
		if (r->flaws && (c < 0x20 || utf8_len(p, (size_t)(r->end - p)) == 0))
			return read_escaped(r, start, out);
		size_t len = check_char(r, p);
		if (len == 0)
			return false;
		p += len;
	}
	return refuse(r, r->end, "expected the closing quote of a string");
}

static bool
take_digits(struct reader *r)
{
	const char *p = r->at;

	while (p < r->end && *p >= '0' && *p <= '9')
		p++;
	if (p == r->at)
		return refuse(r, p, "expected a digit");
	r->at = p;
	return true;
}

static bool
at_any_of(const struct reader *r, char a, char b)
{
	return r->at < r->end && (*r->at == a || *r->at == b);
}

static bool
read_number(struct reader *r, struct json *v)
{
	const char *start = r->at;

	r->at += *r->at == '-';
	const char *first = r->at;
	if (!take_digits(r))
		return false;
	if (*first == '0' && r->at - first > 1)
		return refuse(r, first, "expected a number without leading zeros");
	if (at_any_of(r, '.', '.')) {
		r->at++;
		if (!take_digits(r))
			return false;
	}
	if (at_any_of(r, 'e', 'E')) {
		r->at++;
		r->at += at_any_of(r, '+', '-');
		if (!take_digits(r))
			return false;
	}
	v->kind = JSON_NUMBER;
	v->text = (struct str){start, (size_t)(r->at - start)};
	return true;
}

static bool
read_word(struct reader *r, struct json *v, struct str word, enum json_kind kind)
{
	if (!str_starts_with((struct str){r->at, (size_t)(r->end - r->at)}, word))
		return refuse(r, r->at, "expected a value");
	r->at += word.len;
	v->kind = kind;
	return true;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct json *a = *(const struct json *const *)left;
	const struct json *b = *(const struct json *const *)right;
	int order = str_cmp(a->key, b->key);

	return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* NULL comes last. */
static int
compare_places(const void *left, const void *right)
{
	const struct json *a = *(const struct json *const *)left;
	const struct json *b = *(const struct json *const *)right;

	if (!a || !b)
		return (a == NULL) - (b == NULL);
	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* All members in the order of their keys, equal ones as written. The caller frees. */
static const struct json **
sorted_members(const struct json *object)
{
	const struct json **members = malloc(object->count * sizeof *members);
	size_t n = 0;

	must(members); /* out of memory */
	JSON_EACH (m, object)
		members[n++] = m;
	qsort(members, n, sizeof *members, compare_keys);
	return members;
}

/* A member whose key an earlier one has, or NULL, by sorting. */
static const struct json *
find_repeated_of_many(const struct json *object)
{
	const struct json **members = sorted_members(object), *found = NULL;

	for (size_t i = 1; i < object->count && !found; i++) {
		if (str_eq(members[i - 1]->key, members[i]->key))
			found = members[i];
	}
	free(members);
	return found;
}

static const struct json *
find_repeated(const struct json *object)
{
	if (object->count > FEW_KEYS)
		return find_repeated_of_many(object);
	JSON_EACH (a, object) {
		for (const struct json *b = a->next; b; b = b->next) {
			if (str_eq(a->key, b->key))
				return b;
		}
	}
	return NULL;
}

/* The members again, of each key only the last, in the order in which they are written. */
static bool
keep_last_of_each(struct reader *r, struct json *object)
{
	const struct json **members = sorted_members(object);
	const struct json **tail = &object->child;
	size_t n = object->count;
	uint32_t kept = 0;
	bool ok = true;

	for (size_t i = 0; i + 1 < n; i++) {
		if (str_eq(members[i]->key, members[i + 1]->key))
			members[i] = NULL;
	}
	qsort(members, n, sizeof *members, compare_places);
	for (size_t i = 0; i < n && members[i] && ok; i++) {
		struct json *copy = allocate(r, sizeof *copy);

		ok = copy != NULL;
		if (!ok)
			break;
		*copy = *members[i];
		copy->next = NULL;
		*tail = copy;
		tail = &copy->next;
		kept++;
	}
	object->count = kept;
	free(members);
	return ok;
}

static bool
read_member(struct reader *r, struct json *member)
{
	skip_space(r);
	if (!at_any_of(r, '"', '"'))
		return refuse(r, r->at, "expected a key in double quotes");
	if (!read_string(r, &member->key))
		return false;
	if (!take(r, ':'))
		return refuse(r, r->at, "expected ':' after the key");
	return read_value(r, member);
}

static bool
read_children(struct reader *r, struct json *v, char close)
{
	const struct json **tail = &v->child;

	if (take(r, close))
		return true;
	do {
		struct json *child = allocate(r, sizeof *child);

		if (!child)
			return false;
		if (!(close == '}' ? read_member(r, child) : read_value(r, child)))
			return false;
		*tail = child;
		tail = &child->next;
		if (v->count++ == UINT32_MAX)
			return refuse(r, r->at, "expected fewer elements");
	} while (take(r, ','));
	if (take(r, close))
		return true;
	return refuse(r, r->at, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
}

static bool
refuse_repeated(struct reader *r, const struct json *member)
{
	char what[96];

	(void)snprintf(what, sizeof what, "expected each key once: \"%.*s\" is there already",
	    (int)str_utf8_cut(member->key, 40), member->key.ptr);
	return refuse(r, r->start + member->offset, what);
}

static bool
read_nested(struct reader *r, struct json *v, char close)
{
	char what[64];

	if (r->depth == r->depth_max) {
		(void)snprintf(
		    what, sizeof what, "expected at most %d levels of nesting", r->depth_max);
		return refuse(r, r->at, what);
	}
	v->kind = close == '}' ? JSON_OBJECT : JSON_ARRAY;
	r->depth++;
	r->at++;
	if (!read_children(r, v, close))
		return false;
	r->depth--;
	const struct json *repeated = close == '}' ? find_repeated(v) : NULL;
	if (!repeated)
		return true;
	return mend(r, JSON_FLAW_REPEATED_KEY, r->start + repeated->offset)
	           ? keep_last_of_each(r, v)
	           : refuse_repeated(r, repeated);
}

/* The words by which libraries write what JSON has no number for. */
static bool
take_not_finite(struct reader *r, struct json *v)
{
	static const char *const words[] = {"NaN", "Infinity", "-Infinity"};
	struct str rest = {r->at, (size_t)(r->end - r->at)};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!str_starts_with(rest, str_of(words[i])) ||
		    !mend(r, JSON_FLAW_NOT_FINITE, r->at))
			continue;
		r->at += strlen(words[i]);
		v->kind = JSON_NULL;
		return true;
	}
	return false;
}

static bool
read_value(struct reader *r, struct json *v)
{
	skip_space(r);
	v->offset = (size_t)(r->at - r->start);
	if (r->at == r->end)
		return refuse(r, r->at, "expected a value, found the end");
	switch (*r->at) {
	case '{': return read_nested(r, v, '}');
	case '[': return read_nested(r, v, ']');
	case '"': v->kind = JSON_STRING; return read_string(r, &v->text);
	case 't': return read_word(r, v, STR("true"), JSON_TRUE);
	case 'f': return read_word(r, v, STR("false"), JSON_FALSE);
	case 'n': return read_word(r, v, STR("null"), JSON_NULL);
	}
	if (take_not_finite(r, v))
		return true;
	if (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))
		return read_number(r, v);
	return refuse(r, r->at, "expected a value");
}

static bool
parse(struct reader *r, struct str text, const struct json **out)
{
	struct json *root;

	r->start = r->at = text.len ? text.ptr : "";
	r->end = r->start + text.len;
	if (r->flaws && str_starts_with(text, STR("\xef\xbb\xbf"))) {
		(void)mend(r, JSON_FLAW_BYTE_ORDER_MARK, r->at);
		r->at += 3;
	}
	root = allocate(r, sizeof *root);
	if (!root || !read_value(r, root))
		return false;
	skip_space(r);
	if (r->at != r->end)
		return refuse(r, r->at, "expected nothing after the value");
	*out = root;
	return true;
}

static bool
fail_placed(struct err *e, const struct json_error *error)
{
	return fail(
	    e, ERR_INPUT, "line %d, column %d: %s", error->line, error->column, error->what);
}

bool
json_parse_placed(struct arena *a, struct str text, int depth_max, const struct json **out,
    struct json_error *error)
{
	struct reader r = {.arena = a, .depth_max = depth_max, .error = error};

	return parse(&r, text, out);
}

bool
json_parse(
    struct arena *a, struct str text, int depth_max, const struct json **out, struct err *e)
{
	struct json_error error;

	return json_parse_placed(a, text, depth_max, out, &error) || fail_placed(e, &error);
}

bool
json_parse_mending(struct arena *a, struct str text, int depth_max, const struct json **out,
    struct json_flaws *flaws, struct err *e)
{
	struct json_error error;
	struct reader r = {.arena = a, .depth_max = depth_max, .error = &error, .flaws = flaws};

	*flaws = (struct json_flaws){0};
	return parse(&r, text, out) || fail_placed(e, &error);
}
