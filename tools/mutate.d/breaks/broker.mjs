export default [
	{ file: 'src/broker/read_to_end.c', find: 'if (e->kind != ERR_NONE || reader_is_at_end(r))', put: 'if (e->kind != ERR_NONE)',
		breaks: 'a stream whose newest messages were deleted is waited for' },
	{ file: 'src/broker/protocol.c', find: 'if (n != 9 && n != 11 && n != 12)', put: 'if (n < 9)',
		breaks: 'a reply subject of another shape is read as if it were ours' },
	{ file: 'src/broker/protocol.c', find: 'if (outstanding >= room || (outstanding > 0 && outstanding >= room / 2))\n\t\treturn 0;', put: '',
		breaks: 'more is asked of the broker than there is room for' },
	{ file: 'src/broker/subjects.c', find: 'return id_is_workspace(*workspace);', put: 'return true;',
		breaks: 'a subject names a workspace that cannot exist' },
	{ file: 'src/broker/message.c', find: '|| str_eq(operation, STR("PURGE"))', put: '',
		breaks: 'a purged record counts as stored' },
]
