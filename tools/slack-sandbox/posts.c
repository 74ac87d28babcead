#include "posts.h"

static struct later *
later_of(struct post *post)
{
	if (!post->later) {
		post->later = calloc(1, sizeof *post->later);
		must(post->later);
		post->later->seq = post->seq;
	}
	return post->later;
}

void
posts_add(struct posts *p, int64_t ts_us, uint64_t seq)
{
	if (p->count == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 16;
		p->list = realloc(p->list, p->cap * sizeof *p->list);
		must(p->list);
	}
	p->list[p->count++] = (struct post){ts_us, seq, NULL};
	p->shown++;
	p->changed_seq = seq;
}

size_t
posts_from(const struct posts *p, int64_t ts_us)
{
	size_t low = 0, high = p->count;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (p->list[mid].ts_us < ts_us)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct post *
posts_find(const struct posts *p, int64_t ts_us)
{
	size_t i = posts_from(p, ts_us);
	if (i == p->count || p->list[i].ts_us != ts_us)
		return NULL;
	struct post *post = &p->list[i];
	return post->later && post->later->is_deleted ? NULL : post;
}

uint64_t
post_seq(const struct post *post)
{
	return post->later ? post->later->seq : post->seq;
}

bool
post_is_shown(const struct post *post)
{
	return !post->later || !post->later->is_deleted || post->later->replies;
}

void
posts_change(struct posts *p, struct post *post, uint64_t seq, int64_t edited_us)
{
	struct later *later = later_of(post);
	later->seq = seq;
	later->edited_us = edited_us;
	p->changed_seq = seq;
}

void
posts_delete(struct posts *p, struct post *post, uint64_t seq)
{
	later_of(post)->is_deleted = true;
	p->shown--;
	p->changed_seq = seq;
}

void
post_replied(struct post *parent, int64_t reply_us)
{
	struct later *later = later_of(parent);
	later->replies++;
	later->latest_reply_us = reply_us;
}

void
post_unreplied(struct post *parent)
{
	struct later *later = later_of(parent);
	later->replies -= later->replies ? 1 : 0;
}

void
posts_clear(struct posts *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i].later);
	p->count = p->shown = 0;
}

void
posts_fini(struct posts *p)
{
	posts_clear(p);
	free(p->list);
}

const char *
ts_text(int64_t ts_us, char text[static TS_TEXT_MAX])
{
	(void)snprintf(text, TS_TEXT_MAX, "%lld.%06lld", (long long)(ts_us / 1000000),
	    (long long)(ts_us % 1000000));
	return text;
}

bool
ts_parse(struct str s, int64_t *ts_us)
{
	if (s.len < 8 || s.len > 19 || s.ptr[s.len - 7] != '.')
		return false;
	int64_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (i == s.len - 7)
			continue;
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		n = n * 10 + (s.ptr[i] - '0');
	}
	*ts_us = n;
	return true;
}
