export default [
	{ file: 'src/base/heap.c', find: 'h->slots[slot / 2]->due.ms > n->due.ms', put: 'h->slots[slot / 2]->due.ms < n->due.ms',
		breaks: 'what is due last comes first' },
	{ file: 'src/rules/event_decode.c', find: 'if (bytes.len > EVENT_BYTES_MAX)', put: 'if (false)',
		breaks: 'an event of any size is taken' },
	{ file: 'src/registry/ruleset.c', find: 'if (!rule->active || !id_type_matches(rule->pattern, ev->type))\n\t\treturn false;', put: '',
		breaks: 'an inactive rule wants events' },
	{ file: 'src/registry/ruleset.c', find: 'if (r->paused)', put: 'if (false)', breaks: 'a paused workspace sends' },
	{ file: 'src/broker/read_to_end.c', find: 'if (e->kind != ERR_NONE || reader_is_at_end(r))', put: 'if (e->kind != ERR_NONE)',
		breaks: 'a stream whose newest messages were deleted is waited for' },
]
