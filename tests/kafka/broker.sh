#!/usr/bin/env bash
# A real Apache Kafka broker for tests: one node, KRaft, on loopback. Needs Java 17 or later; `fetch`
# needs Maven.
#
#   broker.sh fetch JARS              the broker's jars from Maven Central, once
#   broker.sh start DIR JARS PORT PID [PROXY]
#                                     formats DIR on first use; returns when the broker serves; it
#                                     takes PORT and the next two, and lives no longer than process
#                                     PID. Who asks on PORT + 2 is told that the broker is on port
#                                     PROXY: so a proxy keeps its clients
#                                     TOCSIN_KAFKA_PROPERTIES: more lines of server.properties
#   broker.sh stop DIR                ends it cleanly
#   broker.sh kill DIR                kills it; what it has is kept, and `start` goes on with it
set -euo pipefail

version=4.3.1
port_wait_s=60
end_wait_s=30

fail() {
  echo "broker.sh: $*" >&2
  exit 1
}

jvm_flags() { # JARS
  printf '%s\n' -Xms64m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$1/*" \
    -Dorg.slf4j.simpleLogger.showDateTime=true
}

# Jackson's and the others' versions come from the POMs. The copy is complete or not there.
fetch() { # JARS
  local jars=$1 work
  [[ -f $jars/.kafka-$version ]] && return
  command -v mvn >/dev/null || fail "no mvn here; install maven"
  work=$(mktemp -d)
  cat >"$work/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin.tests</groupId><artifactId>kafka</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId>
      <version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version></dependency>
  </dependencies>
</project>
XML
  local attempt
  for attempt in 1 2 3; do
    if mvn -q -B -f "$work/pom.xml" \
      org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
      -DincludeScope=runtime -DexcludeArtifactIds=slf4j-reload4j,reload4j \
      -DoutputDirectory="$work/jars" >&2; then
      rm -rf "$jars"
      mkdir -p "$(dirname "$jars")"
      touch "$work/jars/.kafka-$version"
      mv "$work/jars" "$jars"
      rm -rf "$work"
      return
    fi
    ((attempt == 3)) || sleep 5
  done
  rm -rf "$work"
  fail "Maven could not fetch Kafka $version"
}

# The broker's, if it lives: a number may have been used again, so its command line must be ours.
live_pid() { # DIR
  local pid
  pid=$(cat "$1/pid" 2>/dev/null) || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$1/server.properties" && echo "$pid"
}

# An open port says too little: a question for metadata must name a broker.
serves() { # PORT
  local answer
  # shellcheck disable=SC2016  # the inner bash is meant to expand it
  answer=$(timeout 2 bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf "\0\0\0\016\0\3\0\1\0\0\0\1\377\377\0\0\0\0" >&3
    head -c 12 <&3 | od -An -tx1 -v | tr -d " \n"' _ "$1" 2>/dev/null) || return 1
  [[ ${#answer} == 24 && ${answer:16} != 00000000 ]]
}

# transaction.abort.timed.out.transaction.cleanup.interval.ms stays at its default, ten seconds: a
# broker that aborts a transaction while it restarts, when its partitions have no leader yet, takes
# them for deleted and leaves the abort marker out. The records are then committed with the next
# transaction of the same producer (4.3.1; "likely deleted already and hence can be skipped").
write_properties() { # DIR PORT PROXY
  local via=$(($2 + 2))
  cat >"$1/server.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$(($2 + 1))
listeners=PLAINTEXT://127.0.0.1:$2,PROXY://127.0.0.1:$via,CONTROLLER://127.0.0.1:$(($2 + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$2,PROXY://127.0.0.1:${3:-$via}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXY:PLAINTEXT
log.dirs=$1/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=200
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
${TOCSIN_KAFKA_PROPERTIES:-}
PROPERTIES
}

start() { # DIR JARS PORT PID PROXY
  local dir=$1 jars=$2 port=$3 owner=$4 pid flags
  mkdir -p "$dir"
  pid=$(live_pid "$dir") && fail "it runs already, pid $pid"
  command -v java >/dev/null || fail "no java here; install default-jre-headless"
  write_properties "$dir" "$port" "$5"
  mapfile -t flags < <(jvm_flags "$jars")
  if [[ ! -f $dir/data/meta.properties ]]; then
    java "${flags[@]}" kafka.tools.StorageTool format -t dG9jc2luLWNpLWJyb2tlcg \
      -c "$dir/server.properties" >"$dir/format.log" 2>&1 || {
      tail -3 "$dir/format.log" >&2
      fail "the storage could not be formatted"
    }
  fi
  # A session of its own: no signal to the caller's terminal reaches it.
  setsid java "${flags[@]}" -XX:+ExitOnOutOfMemoryError kafka.Kafka "$dir/server.properties" \
    >>"$dir/broker.log" 2>&1 </dev/null &
  pid=$!
  echo "$pid" >"$dir/pid"
  # shellcheck disable=SC2016  # the inner bash is meant to expand it
  setsid bash -c 'while kill -0 "$1" && kill -0 "$2"; do sleep 1; done; kill -9 "$2"' \
    _ "$owner" "$pid" >/dev/null 2>&1 </dev/null &
  local deadline=$((SECONDS + port_wait_s))
  until serves "$port"; do
    kill -0 "$pid" 2>/dev/null || {
      grep -aE 'Exception|ERROR' "$dir/broker.log" | tail -3 >&2
      fail "the broker died"
    }
    ((SECONDS < deadline)) || {
      kill -9 "$pid"
      fail "no answer within $port_wait_s s"
    }
    sleep 0.1
  done
}

end() { # DIR SIGNAL
  local pid i
  pid=$(live_pid "$1") || return 0
  kill "-$2" "$pid"
  for ((i = 0; i < end_wait_s * 10; i++)); do
    [[ -n $(live_pid "$1") ]] || return 0
    sleep 0.1
  done
  fail "process $pid still lives"
}

case "${1:-}" in
  fetch) fetch "$2" ;;
  start) start "$2" "$3" "$4" "$5" "${6:-}" ;;
  stop) end "$2" TERM ;;
  kill) end "$2" KILL ;;
  *) sed -n '5,10s/^# *//p' "$0" >&2 && exit 2 ;;
esac
