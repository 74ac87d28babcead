export default [
	{ file: 'src/store/history.c', find: 'if (delivery_is_overflow(d)) {', put: 'if (false) {',
		breaks: 'overflow waits for a time instead of its turn' },
	{ file: 'src/store/history.c', find: '\t\tif (old)\n\t\t\tindex_delivery(t, old, txn_delete);', put: '',
		breaks: 'a delivery stays in the index of the state it has left' },
	{ file: 'src/store/ledger.c', find: 'if (seq == after->seq && str_eq(rule, after->rule))\n\t\t\tcontinue;', put: '',
		breaks: 'the delivery a page ended with comes again' },
	{ file: 'src/store/keys.c', find: 'k.bytes[k.len - 1]++;', put: '',
		breaks: 'a group is found for ever' },
	{ file: 'src/store/history.c', find: 'txn_put_new(t, TABLE_BY_ID,', put: 'txn_put(t, TABLE_BY_ID,',
		breaks: 'a repeat takes the place of the first event of its id' },
	{ file: 'src/index/apply.c', find: 'if (a->is_catching_up && a->seq <= store_applied(t))\n\t\treturn true;', put: '',
		breaks: 'an older batch undoes a newer one' },
]
