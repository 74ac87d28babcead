#include "template_expr.h"

enum tag {
	TAG_NONE,
#define TAG(NAME, word) TAG_##NAME,
#include "template_names.def"
#undef TAG
	TAG_AFTER_LAST,
};

static const char *const tag_words[] = {
#define TAG(NAME, word) word,
#include "template_names.def"
#undef TAG
};

/* Tags of Liquid that can do more than a message should. */
static const char *const refused_tags[] = {"assign", "capture", "case", "when", "endcase",
    "cycle", "increment", "decrement", "include", "render", "layout", "block", "echo", "liquid",
    "tablerow", "break", "continue", "#"};

struct parser {
	struct lexer lexer;
	struct arena *arena;
	struct scope scope;
	int nesting;
	/* The tag that ended the last block, and what is left of it. */
	enum tag closing;
	struct scanner rest;
	struct template_error *e;
	bool has_substitution;
};

static bool
fail_tag(struct parser *p, struct str word)
{
	size_t offset = (size_t)(word.ptr - p->lexer.source.ptr);
	int shown = (int)str_utf8_cut(word, 40);
	if (word.len == 0)
		return template_fail(p->e, p->lexer.source, offset, "for example {% if ... %}",
		    "a tag needs a name");
	for (size_t i = 0; i < COUNT_OF(refused_tags); i++)
		if (str_eq(word, str_of(refused_tags[i])))
			return template_fail(p->e, p->lexer.source, offset,
			    "if, unless, for, comment and raw are",
			    "the tag \"%.*s\" is not supported", shown, word.ptr);
	(void)template_fail(
	    p->e, p->lexer.source, offset, NULL, "unknown tag \"%.*s\"", shown, word.ptr);
	return template_suggest(
	    p->e, name_meant(p->arena, word, tag_words, COUNT_OF(tag_words)));
}

static enum tag
tag_of(struct str word)
{
	for (size_t i = 0; i < COUNT_OF(tag_words); i++)
		if (str_eq(word, str_of(tag_words[i])))
			return (enum tag)(i + 1);
	return TAG_NONE;
}

static bool
expect_end(struct scanner *s, const char *word)
{
	if (scan_is_end(s))
		return true;
	return template_fail(
	    s->e, s->source, s->at, NULL, "nothing may follow \"%s\" here", word);
}

static struct node *
node_new(struct parser *p, enum node_kind kind)
{
	struct node *n = ARENA_NEW(p->arena, struct node);
	n->kind = kind;
	n->limit = -1;
	return n;
}

static bool parse_block(struct parser *p, struct node **out);

/* Chunks up to {% endcomment %}; what is inside must be whole, and is forgotten. */
static bool
skip_comment(struct parser *p, size_t start)
{
	struct chunk c;
	do {
		if (!lexer_next(&p->lexer, &c))
			return false;
		if (c.kind == CHUNK_END)
			return template_fail(p->e, p->lexer.source, start,
			    "add {% endcomment %}", "the comment is never closed");
		if (c.kind != CHUNK_TAG)
			continue;
		struct scanner s = scanner_of(&p->lexer, c.text, p->arena);
		if (tag_of(scan_word(&s)) == TAG_ENDCOMMENT)
			return expect_end(&s, "endcomment");
	} while (true);
}

static bool
parse_raw(struct parser *p, size_t start, struct node **out)
{
	struct chunk c;
	if (!lexer_next(&p->lexer, &c))
		return false;
	if (c.kind == CHUNK_TEXT) {
		*out = node_new(p, NODE_TEXT);
		(*out)->text = c.text;
		if (!lexer_next(&p->lexer, &c))
			return false;
	}
	if (c.kind != CHUNK_TAG)
		return template_fail(
		    p->e, p->lexer.source, start, "add {% endraw %}", "raw is never closed");
	struct scanner s = scanner_of(&p->lexer, c.text, p->arena);
	struct str word = scan_word(&s);
	return tag_of(word) == TAG_ENDRAW ? expect_end(&s, "endraw") : fail_tag(p, word);
}

static bool
fail_unclosed(struct parser *p, size_t start, const char *word)
{
	if (p->closing == TAG_NONE)
		return template_fail(p->e, p->lexer.source, start,
		    arena_printf(p->arena, "add {%% end%s %%}", word).ptr,
		    "\"%s\" is never closed", word);
	const char *found = tag_words[p->closing - 1];
	size_t at = p->rest.at - strlen(found);
	return template_fail(p->e, p->lexer.source, at,
	    arena_printf(p->arena, "close it with {%% end%s %%}", word).ptr,
	    "\"%s\" does not belong to this \"%s\"", found, word);
}

/* The branches after the first condition, up to endif or endunless. */
static bool
parse_branches(
    struct parser *p, struct node *n, struct scanner *s, bool is_unless, size_t start)
{
	struct branch **tail = &n->branches;
	enum tag end = is_unless ? TAG_ENDUNLESS : TAG_ENDIF;
	bool negated = is_unless;
	struct scanner rest = *s;
	do {
		struct branch *b = ARENA_NEW(p->arena, struct branch);
		b->is_unless = negated;
		negated = false;
		if (!parse_piped(&rest, &p->scope, &b->condition) || !parse_block(p, &b->body))
			return false;
		*tail = b;
		tail = &b->next;
		rest = p->rest;
	} while (p->closing == TAG_ELSIF);
	if (p->closing == TAG_ELSE &&
	    (!expect_end(&rest, "else") || !parse_block(p, &n->orelse)))
		return false;
	if (p->closing != end)
		return fail_unclosed(p, start, is_unless ? "unless" : "if");
	return expect_end(&p->rest, tag_words[end - 1]);
}

static bool
parse_if(struct parser *p, struct scanner *s, bool is_unless, size_t start, struct node **out)
{
	*out = node_new(p, NODE_IF);
	return parse_branches(p, *out, s, is_unless, start);
}

static bool
parse_count(struct scanner *s, int *out)
{
	struct str text;
	scan_blank(s);
	size_t at = s->at;
	if (scan_char(s, ':') && scan_number(s, &text) && text.len <= 6 &&
	    !memchr(text.ptr, '.', text.len) && text.ptr[0] != '-') {
		*out = 0;
		for (size_t i = 0; i < text.len; i++)
			*out = *out * 10 + (text.ptr[i] - '0');
		return true;
	}
	return template_fail(
	    s->e, s->source, at, "for example limit: 5", "a whole number was expected");
}

static bool
parse_for_options(struct scanner *s, struct node *n)
{
	bool offset_given = false;
	while (!scan_is_end(s)) {
		scan_char(s, ',');
		struct str word = scan_word(s);
		bool ok = false;
		if (str_eq(word, STR("limit")) && n->limit < 0) {
			ok = parse_count(s, &n->limit);
		} else if (str_eq(word, STR("offset")) && !offset_given) {
			ok = offset_given = parse_count(s, &n->offset);
		} else if (str_eq(word, STR("reversed")) && !n->reversed) {
			ok = n->reversed = true;
		} else {
			size_t at = word.len ? (size_t)(word.ptr - s->source.ptr) : s->at;
			return template_fail(s->e, s->source, at,
			    "after the list: limit, offset, reversed",
			    "this is not understood");
		}
		if (!ok)
			return false;
	}
	return true;
}

/* x in payload.items limit: 5 */
static bool
parse_for_head(struct parser *p, struct scanner *s, struct node *n, struct str *variable)
{
	static const char form[] = "for x in payload.items";
	size_t at = (scan_blank(s), s->at);
	*variable = scan_word(s);
	if (variable->len == 0 || template_word_is_taken(*variable))
		return template_fail(
		    p->e, p->lexer.source, at, form, "a name for each element was expected");
	at = (scan_blank(s), s->at);
	if (!str_eq(scan_word(s), STR("in")))
		return template_fail(p->e, p->lexer.source, at, form, "\"in\" was expected");
	struct expr *e = ARENA_NEW(p->arena, struct expr);
	struct operand *o = ARENA_NEW(p->arena, struct operand);
	at = (scan_blank(s), s->at);
	if (!parse_operand(s, &p->scope, o))
		return false;
	if (o->kind == OPERAND_LITERAL)
		return template_fail(
		    p->e, p->lexer.source, at, form, "a path to a list was expected");
	e->operand = o;
	n->value.expr = e;
	return parse_for_options(s, n);
}

static bool
parse_for(struct parser *p, struct scanner *s, size_t start, struct node **out)
{
	struct node *n = *out = node_new(p, NODE_FOR);
	struct str variable;
	if (!parse_for_head(p, s, n, &variable))
		return false;
	n->loop = p->scope.n;
	p->scope.variables[p->scope.n++] = variable;
	bool ok = parse_block(p, &n->body);
	p->scope.n--;
	if (!ok)
		return false;
	struct scanner rest = p->rest;
	if (p->closing == TAG_ELSE &&
	    (!expect_end(&rest, "else") || !parse_block(p, &n->orelse)))
		return false;
	if (p->closing != TAG_ENDFOR)
		return fail_unclosed(p, start, "for");
	return expect_end(&p->rest, "endfor");
}

static bool
parse_nested(struct parser *p, enum tag tag, struct scanner *s, size_t start, struct node **out)
{
	if (p->nesting == TEMPLATE_NESTING_MAX)
		return template_fail(p->e, p->lexer.source, start, "use fewer levels",
		    "tags are nested deeper than %d", TEMPLATE_NESTING_MAX);
	p->nesting++;
	p->has_substitution = true;
	bool ok = tag == TAG_FOR ? parse_for(p, s, start, out)
	                         : parse_if(p, s, tag == TAG_UNLESS, start, out);
	p->nesting--;
	return ok;
}

/* A tag that begins something. `*out` stays NULL if it makes no output. */
static bool
parse_tag(struct parser *p, enum tag tag, struct scanner *s, size_t start, struct node **out)
{
	switch (tag) {
	case TAG_IF:
	case TAG_UNLESS:
	case TAG_FOR: return parse_nested(p, tag, s, start, out);
	case TAG_COMMENT: return expect_end(s, "comment") && skip_comment(p, start);
	case TAG_RAW: return expect_end(s, "raw") && parse_raw(p, start, out);
	default:
		return template_fail(p->e, p->lexer.source, start, NULL,
		    "\"%s\" closes nothing here", tag_words[tag - 1]);
	}
}

static bool
parse_chunk(struct parser *p, const struct chunk *c, struct node **out)
{
	*out = NULL;
	if (c->kind == CHUNK_TEXT) {
		if (c->text.len == 0)
			return true;
		*out = node_new(p, NODE_TEXT);
		(*out)->text = c->text;
		return true;
	}
	struct scanner s = scanner_of(&p->lexer, c->text, p->arena);
	if (c->kind == CHUNK_OUTPUT) {
		p->has_substitution = true;
		*out = node_new(p, NODE_OUTPUT);
		return parse_piped(&s, &p->scope, &(*out)->value);
	}
	struct str word = scan_peek(&s) == '#' ? (struct str){c->text.ptr, 1} : scan_word(&s);
	enum tag tag = tag_of(word);
	if (tag == TAG_NONE)
		return fail_tag(p, word.len ? word : (struct str){c->text.ptr, 0});
	bool closes = tag == TAG_ELSE || tag == TAG_ELSIF || tag == TAG_ENDIF ||
	              tag == TAG_ENDUNLESS || tag == TAG_ENDFOR;
	if (closes && p->nesting > 0) {
		p->closing = tag;
		p->rest = s;
		return true;
	}
	return parse_tag(p, tag, &s, (size_t)(word.ptr - p->lexer.source.ptr), out);
}

/* Nodes up to a tag that ends a block, left in p->closing, or the end of the source. */
static bool
parse_block(struct parser *p, struct node **out)
{
	struct node **tail = out;
	for (;;) {
		struct chunk c;
		struct node *n;
		p->closing = TAG_NONE;
		if (!lexer_next(&p->lexer, &c))
			return false;
		if (c.kind == CHUNK_END)
			return true;
		if (!parse_chunk(p, &c, &n))
			return false;
		if (p->closing != TAG_NONE && !n)
			return true;
		if (!n)
			continue;
		*tail = n;
		tail = &n->next;
	}
}

bool
template_compile(
    struct arena *a, struct str source, struct template **out, struct template_error *e)
{
	*e = (struct template_error){0};
	if (source.len > TEMPLATE_SOURCE_MAX)
		return template_fail(e, source, 0, "shorten it",
		    "the template is longer than %d bytes", TEMPLATE_SOURCE_MAX);
	if (!str_is_text(source))
		return template_fail(e, STR(""), 0, NULL, "the template is not UTF-8 text");
	source = arena_str(a, source);
	struct parser p = {.lexer = {.source = source, .e = e}, .arena = a, .e = e};
	struct template *t = ARENA_NEW(a, struct template);
	if (!parse_block(&p, &t->first))
		return false;
	t->is_constant = !p.has_substitution;
	*out = t;
	return true;
}

bool
template_is_constant(const struct template *t)
{
	return t->is_constant;
}

bool
template_found(struct findings *f, const struct pointer *at, struct str slot,
    const struct template_error *e)
{
	struct finding *one = findings_add(f, FINDING_TEMPLATE, at);
	one->slot = arena_str(f->arena, slot);
	one->line = e->line;
	one->column = e->column;
	one->text =
	    arena_printf(f->arena, "%s%s%s", e->text, e->advice[0] ? "; " : "", e->advice);
	one->suggestion = arena_str(f->arena, str_of(e->suggestion));
	return false;
}
