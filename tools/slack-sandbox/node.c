#include "node.h"

#include "findings.h"

enum flow { INLINE, BLOCK };

static const struct {
	const char *tag;
	enum flow flow;
} kinds[] = {
#define NODE(id, tag, flow) [NODE_##id] = {(tag), (flow)},
#include "nodes.def"
#undef NODE
};

struct node *
node_new(struct arena *a, enum node_kind kind)
{
	struct node *n = ARENA_NEW(a, struct node);
	n->kind = kind;
	return n;
}

struct node *
node_add(struct arena *a, struct node *parent, enum node_kind kind)
{
	struct node *n = node_new(a, kind);
	if (parent->last)
		parent->last->next = n;
	else
		parent->first = n;
	parent->last = n;
	return n;
}

struct node *
node_add_text(struct arena *a, struct node *parent, struct str text)
{
	struct node *n = node_add(a, parent, NODE_TEXT);
	n->text = text;
	return n;
}

void
node_adopt(struct node *to, struct node *from)
{
	if (!from->first)
		return;
	if (to->last)
		to->last->next = from->first;
	else
		to->first = from->first;
	to->last = from->last;
	from->first = from->last = NULL;
}

static void
write_member(struct json_writer *w, const char *name, struct str value)
{
	if (value.len)
		jw_kv_string(w, name, value);
}

void
node_write(struct json_writer *w, const struct node *n)
{
	if (n->kind == NODE_TEXT) {
		jw_string(w, n->text);
		return;
	}
	jw_object(w);
	jw_kv_cstr(w, "tag", kinds[n->kind].tag);
	write_member(w, "text", n->text);
	write_member(w, "target", n->target);
	write_member(w, "note", n->note);
	if (n->number)
		jw_kv_int(w, "number", n->number);
	if (n->first) {
		jw_key(w, "of");
		jw_array(w);
		for (const struct node *child = n->first; child; child = child->next)
			node_write(w, child);
		jw_array_end(w);
	}
	jw_object_end(w);
}

static void
end_line(struct buf *out)
{
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_putc(out, '\n');
}

static void
space(struct buf *out)
{
	if (out->len && out->ptr[out->len - 1] != '\n' && out->ptr[out->len - 1] != ' ')
		buf_putc(out, ' ');
}

static void
read_self(struct buf *out, const struct node *n)
{
	switch (n->kind) {
	case NODE_BREAK: buf_putc(out, '\n'); break;
	case NODE_DIVIDER: buf_cstr(out, "---"); break;
	case NODE_IMAGE: buf_printf(out, "[image: %.*s]", STR_ARG(n->text)); break;
	case NODE_BUTTON: buf_printf(out, "[%.*s]", STR_ARG(n->text)); break;
	case NODE_UNKNOWN: buf_printf(out, "[%.*s]", STR_ARG(n->text)); break;
	default: buf_str(out, n->text); break;
	}
}

void
node_read(struct buf *out, const struct node *n)
{
	bool is_block = kinds[n->kind].flow == BLOCK;
	bool is_apart = n->kind == NODE_NOTE || n->kind == NODE_IMAGE ||
	                n->kind == NODE_BUTTON || n->kind == NODE_CELL;
	if (is_block)
		end_line(out);
	else if (is_apart)
		space(out);
	read_self(out, n);
	for (const struct node *child = n->first; child; child = child->next)
		node_read(out, child);
	if (is_block)
		end_line(out);
}

void
node_measure(const struct node *n, size_t *breaks, size_t *chars)
{
	*breaks += n->kind == NODE_BREAK ? 1 : 0;
	*chars += text_chars(n->text);
	for (const struct node *child = n->first; child; child = child->next)
		node_measure(child, breaks, chars);
}
