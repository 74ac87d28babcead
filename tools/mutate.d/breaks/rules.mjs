export default [
	{ file: 'src/rules/event_decode.c', find: 'if (bytes.len > EVENT_BYTES_MAX)', put: 'if (false)',
		breaks: 'an event of any size is taken' },
	{ file: 'src/rules/filter.c', find: 'case FILTER_GTE: return is_number(c, v) && compare_numbers(v->text, o) >= 0;', put: 'case FILTER_GTE: return is_number(c, v) && compare_numbers(v->text, o) > 0;',
		breaks: 'at least the limit means more than the limit' },
	{ file: 'src/rules/filter.c', find: 'if (!v)\n\t\treturn false;', put: 'if (!v)\n\t\treturn c->op == FILTER_NE;',
		breaks: 'a field that is not there differs from everything' },
	{ file: 'src/rules/quiet.c', find: 'for (int day = -1; day <= 1; day++) {', put: 'for (int day = 0; day <= 1; day++) {',
		breaks: 'quiet hours that began yesterday are over at midnight' },
	{ file: 'src/rules/quiet.c', find: '(q->unless_rank >= 0 && severity_rank >= q->unless_rank)', put: 'false',
		breaks: 'the most severe alert waits for the morning' },
	{ file: 'src/rules/severity.c', find: 'rank += !o->words[i].is_alias;', put: 'rank++;',
		breaks: 'an alias makes what is above it more severe' },
]
