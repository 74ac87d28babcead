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

start_sink() { # LATENCY_MS [MODE]
	rm -f "$work/sink.port"
	"$bin/bench-sink" "$work/sink.port" "$@" >"$work/sink.log" 2>&1 &
	pids+=($!)
	wait_for 10 test -s "$work/sink.port"
	sink=http://127.0.0.1:$(cat "$work/sink.port")
	export CARILLON_SLACK_API_URL=$sink/api
}

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

sink_stats() { curl -s "$sink/stats"; }
sink_field() { sink_stats | sed -n "s/.*\"$1\":\([0-9.]*\).*/\1/p"; }
sink_has() { [ "$(sink_field count)" -ge "$1" ]; }
