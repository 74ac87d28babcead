#include "list.h"

#include <microhttpd.h>

#include "carillon/registry/json_write.h"
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

bool
page_looks(struct page *p)
{
	if (p->looked < PAGE_LOOKS_MAX) {
		p->looked++;
		return true;
	}
	p->is_out_of_looks = p->has_more = true;
	return false;
}

void
page_passes(struct page *p, struct str key, int64_t at_ms)
{
	p->looked_to_ms = at_ms;
	/* One place for all of them: thousands are passed for one that is taken. */
	if (p->last.len >= key.len)
		p->last = (struct str){
		    memcpy((char *)(uintptr_t)p->last.ptr, key.ptr, key.len), key.len};
	else
		p->last = arena_str(p->q->arena, key);
}

void
page_end(struct page *p)
{
	jw_array_end(&p->w);
	jw_kv_int(&p->w, "count", (int64_t)p->n);
	jw_kv_int(&p->w, "limit", (int64_t)p->limit);
	jw_key(&p->w, "next_cursor");
	if (p->has_more && p->last.len > 0)
		jw_string(&p->w, cursor_make(p->q, p->last));
	else
		jw_null(&p->w);
	if (p->is_out_of_looks)
		json_write_time(&p->w, "looked_back_to", p->looked_to_ms);
	jw_object_end(&p->w);
}
