#include "trouble.h"

#include "carillon/base/queue.h"

struct troubles {
	struct queue *queue;
	struct list taken; /* the follower's */
};

struct troubles *
troubles_new(size_t limit)
{
	struct troubles *t = calloc(1, sizeof(*t));

	must(t != NULL);
	t->queue = queue_new(limit);
	list_init(&t->taken);
	return t;
}

void
troubles_free(struct troubles *t)
{
	struct trouble *left;

	if (t == NULL)
		return;
	while ((left = troubles_take(t)) != NULL)
		free(left);
	queue_free(t->queue);
	free(t);
}

bool
troubles_put(struct troubles *t, const struct trouble *trouble)
{
	struct trouble *copy = malloc(sizeof(*copy));

	must(copy != NULL);
	*copy = *trouble;
	list_init(&copy->link);
	if (queue_try_put(t->queue, &copy->link))
		return true;
	free(copy);
	return false;
}

struct trouble *
troubles_take(struct troubles *t)
{
	struct list *first;

	if (list_is_empty(&t->taken))
		queue_take_all(t->queue, &t->taken);
	first = list_take_first(&t->taken);
	return first == NULL ? NULL : CONTAINER_OF(first, struct trouble, link);
}

void
credential_mark(unsigned char mark[static CREDENTIAL_MARK], struct str sealed)
{
	memset(mark, 0, CREDENTIAL_MARK);
	if (sealed.len >= CREDENTIAL_MARK)
		memcpy(mark, sealed.ptr + sealed.len - CREDENTIAL_MARK, CREDENTIAL_MARK);
}
