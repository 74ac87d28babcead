#include "list.h"

#include <microhttpd.h>

#include "cursor.h"

bool
page_begin(struct page *p, struct request *q)
{
	*p = (struct page){.q = q};
	if (!request_limit(q, &p->limit) || !cursor_read(q, &p->after))
		return false;
	answer_json(q, MHD_HTTP_OK, &p->w);
	jw_object(&p->w);
	jw_key(&p->w, "records");
	jw_array(&p->w);
	return true;
}

bool
page_takes(struct page *p, struct str key)
{
	if (p->n == p->limit) {
		p->has_more = true;
		return false;
	}
	p->last = arena_str(p->q->arena, key);
	p->n++;
	return true;
}

void
page_end(struct page *p)
{
	jw_array_end(&p->w);
	jw_kv_int(&p->w, "count", (int64_t)p->n);
	jw_kv_int(&p->w, "limit", (int64_t)p->limit);
	jw_key(&p->w, "next_cursor");
	if (p->has_more)
		jw_string(&p->w, cursor_make(p->q, p->last));
	else
		jw_null(&p->w);
	jw_object_end(&p->w);
}
