#!/usr/bin/env bash
# A broker, payments, Tocsin between two topics, and a consumer that prints the alerts; Tocsin is
# killed on the way and loses nothing.
#
#   samples/kafka/run.sh [EVENTS]     default 200000
#
# Needs Java 17, Maven (which fetches the broker once) and kcat; on Debian:
#   apt-get install default-jre-headless maven kcat
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

events=${1:-200000}
port=${PORT:-19192}
broker=tests/kafka/broker.sh
tocsin=build/release/tocsin
WORK=$(mktemp -d)
BROKERS=127.0.0.1:$port
export WORK BROKERS

fail() {
  printf 'samples/kafka/run.sh: %s\n' "$*" >&2
  exit 1
}
for tool in java mvn kcat; do
  command -v "$tool" >/dev/null ||
    fail "no $tool here; apt-get install default-jre-headless maven kcat"
done
[[ -x $tocsin ]] || fail "no $tocsin here; ./dev demo builds it"

tocsin_pid=
clean_up() {
  [[ -z $tocsin_pid ]] || kill -9 "$tocsin_pid" 2>/dev/null || true
  "$broker" stop "$WORK/broker" || true
  rm -rf "$WORK"
}
trap clean_up EXIT

start_tocsin() {
  "$tocsin" run --config samples/kafka/pipeline.toml &
  tocsin_pid=$!
}

# Committed records only: what a killed run had begun to send is never seen.
count_alerts() {
  kcat -b "$BROKERS" -C -t alerts -o beginning -e -q -X isolation.level=read_committed -f '%o\n' |
    wc -l
}

echo "== a broker on $BROKERS"
"$broker" fetch build/kafka
TOCSIN_KAFKA_PROPERTIES=$'auto.create.topics.enable=true\nnum.partitions=4' \
  "$broker" start "$WORK/broker" build/kafka "$port" "$$"
for topic in payments alerts; do
  until kcat -b "$BROKERS" -L -t "$topic" -X allow.auto.create.topics=true |
    grep -q "topic \"$topic\" with 4 partitions"; do sleep 0.2; done
done

echo "== $events payments, keyed by card"
"$tocsin" generate payments --events "$events" |
  sed -E 's/.*"card":"([^"]*)".*/\1\t&/' |
  kcat -b "$BROKERS" -P -t payments -K $'\t' -X partitioner=murmur2_random

echo "== tocsin, killed after four seconds, and once more"
start_tocsin
sleep 4
kill -9 "$tocsin_pid"
wait "$tocsin_pid" 2>/dev/null || true
start_tocsin

before=-1
alerts=$(count_alerts)
while ((alerts == 0 || alerts != before)); do
  sleep 3
  before=$alerts
  alerts=$(count_alerts)
done
kill -TERM "$tocsin_pid"
wait "$tocsin_pid"
tocsin_pid=

echo "== the last alerts of $alerts"
kcat -b "$BROKERS" -C -t alerts -o beginning -e -q -X isolation.level=read_committed \
  -f 'partition %p, sequence %h, key %k: %s\n' | tail -3 | cut -c1-200
