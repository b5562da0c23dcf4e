#!/usr/bin/env bash
# A real one-node Kubernetes cluster in namespaces of its own (network, mounts, processes, cgroups, host name). All of
# it ends with the first process in there; the machine keeps only the other end of the node's network pair meanwhile.
# Needs root, cgroup version 1, and Debian's containerd runc containernetworking-plugins nftables conntrack iproute2 openssl.
#   cluster.sh start DIR BIN           BIN from build.sh; ready when it returns: DIR/kubeconfig, DIR/address (the node's)
#   cluster.sh import DIR IMAGE.tar …  images for the pods (docker save, pause.py); nothing can be pulled
#   cluster.sh exec DIR COMMAND …      within the node
#   cluster.sh stop DIR                ends it and removes DIR
#   cluster.sh try                     whether this machine lets it do what it begins with; says what it does not
set -euo pipefail
here=$(dirname "$(realpath "$0")")
action=${1:?start, import, exec, stop or try}
if [ "$action" = try ]; then set -- try /nowhere; fi
dir=$(realpath -m "${2:?folder}"); shift 2
cgroup=borgerting-$(printf %s "$dir" | sha256sum | head -c 12)

first() { # the first process in the namespaces
  local outer; outer=$(cat "$dir/outer.pid" 2>/dev/null) && cat "/proc/$outer/task/$outer/children" 2>/dev/null
}

inside() {
  local pid; pid=$(first) || { echo "no cluster runs in $dir" >&2; exit 1; }
  nsenter -t "${pid%% *}" -m -n -p -u -C --wdns="$PWD" -- env "PATH=$(cat "$dir/bin"):$PATH" "KUBECONFIG=$dir/kubeconfig" \
    CONTAINERD_ADDRESS=/run/containerd/containerd.sock "$@"
}

start() { # BIN
  [ ! -e "$dir/outer.pid" ] || { echo "stop the cluster in $dir first" >&2; exit 1; }
  mkdir -p "$dir"; realpath "$1" > "$dir/bin"
  setsid "$here/cluster.sh" enter "$dir" </dev/null >"$dir/node.log" 2>&1 9>&- &
  local outer=$!; echo $outer > "$dir/outer.pid"
  connect || { end; exit 1; }
  for ((i = 0; i < 4000; i++)); do
    sleep 0.2
    if [ -e "$dir/ready" ]; then return; fi
    kill -0 $outer 2>/dev/null || break
  done
  tail -n 30 "$dir/node.log" >&2; echo "not ready; see $dir/*.log" >&2; end; exit 1
}

connect() { # the node's network pair, whose name, which nobody else has, says which address is free
  local child own found n
  own=$(readlink /proc/self/ns/net)
  for ((i = 0; i < 1000; i++)); do # whoever makes the namespaces has other children first
    child=$(first || true); child=${child%% *}; found=$(readlink "/proc/$child/ns/net" || true)
    if [ -n "$found" ] && [ "$found" != "$own" ]; then break; fi
    sleep 0.05
  done
  for ((n = 0; n < 250; n++)); do
    if [ -e "/sys/class/net/borgerting$n" ]; then continue; fi
    if ip link add "borgerting$n" type veth peer name node0 netns "$child"; then break; fi
  done
  ip addr add "10.250.$n.2/30" dev "borgerting$n" && ip link set "borgerting$n" up && echo "10.250.$n.1" > "$dir/address"
}

enter() { # makes the namespaces
  : > "$dir/cgroups"
  while IFS=: read -r _ controllers path; do
    local top=/sys/fs/cgroup/${controllers#name=}${path%/}
    if [ -z "$controllers" ] || [ ! -d "$top" ]; then continue; fi # version 2, or not mounted
    mkdir -p "$top/$cgroup"; echo "$top/$cgroup" >> "$dir/cgroups"
    if [ "$controllers" = cpuset ]; then
      for file in cpuset.cpus cpuset.mems; do cat "$top/$file" > "$top/$cgroup/$file"; done
    fi
    echo $$ > "$top/$cgroup/cgroup.procs"
  done < /proc/self/cgroup
  exec unshare --fork --kill-child=KILL --pid --mount-proc --net --uts --ipc --cgroup "$here/node.sh" "$dir"
}

end() {
  local outer; outer=$(cat "$dir/outer.pid" 2>/dev/null) || return 0
  if tr '\0' ' ' 2>/dev/null < "/proc/$outer/cmdline" | grep -qF "/node.sh $dir "; then
    xargs -r kill -KILL < "/proc/$outer/task/$outer/children" # it ends when its child, the node, is gone
    while grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$outer/status" 2>/dev/null; do sleep 0.05; done
  fi
  for ((i = 0; ; i++)); do
    if remove_cgroups; then break; fi # they are busy while a process of theirs lives
    [ $i -lt 200 ] || { echo "processes are left in $(cat "$dir/cgroups")" >&2; exit 1; }
    sleep 0.1
  done
}

remove_cgroups() {
  while read -r at; do
    [ ! -d "$at" ] || find "$at" -depth -type d -exec rmdir {} + 2>/dev/null || return 1
  done < "$dir/cgroups"
}

attempt() { # in namespaces that end with it
  local at
  grep -q '4294967295$' /proc/self/uid_map || { echo "this root is only that of a user namespace" >&2; exit 1; }
  while IFS=: read -r _ controllers path; do
    at=/sys/fs/cgroup/${controllers#name=}${path%/}
    if [ -z "$controllers" ] || [ ! -d "$at" ]; then continue; fi
    mkdir "$at/$cgroup-$$"; rmdir "$at/$cgroup-$$"
  done < /proc/self/cgroup
  unshare --fork --kill-child=KILL --pid --mount-proc --net --uts --ipc --cgroup bash -ec '
    hostname node; ip link set lo up; ip link add one type veth peer name two; nft add table ip a
    mount -t tmpfs tmpfs /run; mount -t sysfs sysfs /sys; mount -t tmpfs tmpfs /sys/fs/cgroup; mkdir /sys/fs/cgroup/memory
    mount -t cgroup -o memory cgroup /sys/fs/cgroup/memory; mkdir /run/{lower,upper,work,over}
    mount -t overlay -o lowerdir=/run/lower,upperdir=/run/upper,workdir=/run/work overlay /run/over'
}

case $action in
  try) attempt ;;
  import) for image; do inside ctr -n k8s.io images import "$(realpath "$image")"; done ;;
  exec) inside "$@" ;;
  stop) end; rm -rf "$dir" ;;
  start | enter) "$action" "$@" ;;
  *) echo "unknown: $action" >&2; exit 2 ;;
esac
