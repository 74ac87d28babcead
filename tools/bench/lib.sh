# What the benchmarks share: parts started on loopback and stopped at the end. Sourced, after `bin`
# and `work` are set; the caller's name is in $0.

pids=()
stop_all() {
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
	pids=()
}
trap 'stop_all; rm -rf "$work"' EXIT

# wait_for SECONDS COMMAND...: until the command succeeds
wait_for() {
	local left=$(($1 * 20)); shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || { echo "${0##*/}: waited in vain for: $*" >&2; tail -n 5 "$work"/*.log >&2; exit 1; }
		sleep 0.05
	done
}

need_programs() {
	for program in "$@"; do
		[ -x "$bin/$program" ] || { echo "${0##*/}: $bin/$program is missing: build the release preset first" >&2; exit 1; }
	done
}

# Sets CARILLON_NATS_URL, and monitor to the address of the server's own page.
start_nats() {
	rm -rf "$work/nats" "$work/ports"; mkdir -p "$work/ports"
	nats-server -js -sd "$work/nats" -a 127.0.0.1 -p -1 -m -1 --ports_file_dir "$work/ports" >"$work/nats.log" 2>&1 &
	pids+=($!)
	wait_for 10 sh -c "ls $work/ports/*.ports"
	CARILLON_NATS_URL=$(sed -n 's/.*"nats":\["\([^"]*\)".*/\1/p' "$work"/ports/*.ports)
	monitor=$(sed -n 's/.*"monitoring":\["\([^"]*\)".*/\1/p' "$work"/ports/*.ports)
	export CARILLON_NATS_URL
	wait_for 10 "$bin/bench-producer" "$CARILLON_NATS_URL" 1 0
}

# Made once a run: an authority, what it vouches for, and both it and the system's to trust.
make_certificates() {
	[ ! -e "$work/bundle.pem" ] || return 0
	local new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
	# shellcheck disable=SC2086
	openssl req -x509 $new -keyout "$work/ca.key" -out "$work/ca.pem" -subj /CN=bench-ca
	# shellcheck disable=SC2086
	openssl req $new -keyout "$work/sink.key" -out "$work/sink.csr" -subj /CN=bench-sink
	openssl x509 -req -in "$work/sink.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
		-days 2 -extfile <(echo subjectAltName=IP:127.0.0.1) -out "$work/sink.pem"
	cat /etc/ssl/certs/ca-certificates.crt "$work/ca.pem" >"$work/bundle.pem"
}

# With $tls true it speaks TLS, and the service trusts it beside all that the system trusts.
start_sink() { # LATENCY_MS
	local scheme=http
	unset BENCH_TLS_CERT BENCH_TLS_KEY CARILLON_SLACK_CA
	if ${tls:-false}; then
		make_certificates >"$work/openssl.log" 2>&1
		scheme=https
		export BENCH_TLS_CERT=$work/sink.pem BENCH_TLS_KEY=$work/sink.key CARILLON_SLACK_CA=$work/bundle.pem
	fi
	rm -f "$work/sink.port"
	"$bin/bench-sink" "$work/sink.port" "$@" >"$work/sink.log" 2>&1 &
	pids+=($!)
	wait_for 10 test -s "$work/sink.port"
	sink=$scheme://127.0.0.1:$(cat "$work/sink.port")
	export CARILLON_SLACK_API_URL=$sink/api
}
ask_sink() { curl -s ${CARILLON_SLACK_CA:+--cacert "$CARILLON_SLACK_CA"} "$@"; }

provision() { # FIRST LAST [CHANNEL]: workspaces bench-FIRST ... with one rule each
	local i
	for i in $(seq "$1" "$2"); do
		"$bin/carillon" workspace create "bench-$i" >/dev/null
		echo xoxb-bench-not-a-token | "$bin/carillon" connection add "bench-$i" --slack --token-stdin \
			--channel "${3-C0BENCH}" --id slack --no-test >/dev/null
		"$bin/carillon" rule add "bench-$i" --type alert.triggered --connection slack \
			--channel "${3-C0BENCH}" --id all >/dev/null
	done
}
new_data_dir() {
	export CARILLON_DATA_DIR=$work/data CARILLON_MASTER_KEY_FILE=$work/master.key
	rm -rf "$work/data" "$work/master.key" "$work/ready"
	"$bin/carillon" vault init >/dev/null
}

# Slack's own limits would be measured otherwise.
export CARILLON_SLACK_CHANNEL_RATE_MILLI=1000000000 CARILLON_SLACK_CHANNEL_BURST=1000000
export CARILLON_SLACK_TEAM_RATE_MILLI=1000000000 CARILLON_SLACK_TEAM_BURST=1000000
export CARILLON_LOG_LEVEL=warn

sink_stats() { ask_sink "$sink/stats"; }
sink_field() { sink_stats | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }
sink_has() { [ "$(sink_field count)" -ge "$1" ]; }
