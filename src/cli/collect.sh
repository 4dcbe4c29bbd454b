#!/bin/sh
# podwalk collect: writes down the network state of this machine, so that podwalk can walk packets through a copy of it.
#
#   sh collect.sh > node.tar.gz        as root on a node; or: sh collect.sh node.tar.gz
#   kubectl exec -i POD -- nsenter -t 1 -m -u -n -i sh -s < collect.sh > node.tar.gz      from a privileged pod with hostPID
#
#   --machine NAME   what to call this machine (its host name)
#   --netns NAME     only this network namespace; may be given several times. The host's own is called root.
#   --kube           adds nodes, pods, services … of the cluster, where kubectl works here. Pods may hold secrets in their environment.
#
# It only reads: it asks ip, bridge, iptables-save and their likes in every network namespace, changes nothing, loads no kernel module,
# sends no packet. What it writes goes to a temporary folder that is gone afterwards, and into the archive. What it could not read is
# said on standard error, and is then absent from the archive (absent is not the same as empty).

set -u
umask 077
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { printf 'collect: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
counted() { if [ "$1" -eq 1 ]; then echo "1 $2"; else echo "$1 ${2}s"; fi; }
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command in the namespace that is being read. Descriptor 9 holds that namespace, so that it stays even if its pod goes.
inside() { nsenter --net=/proc/self/fd/9 "$@"; }

# dump FILE COMMAND …: what the command prints in the namespace becomes FILE; there is no FILE when the tool is missing or fails.
dump() {
  file=$1
  shift
  has "$1" || { printf '%s\n' "$1" >>"$tmp/missing"; return; }
  if ! inside "$@" >"$dir/$file" 2>"$tmp/error"; then
    rm -f "$dir/$file"
    say "$name: no $file: $* failed: $(head -n 1 "$tmp/error")"
  fi
}

# Asking some tools would load a kernel module. A module that could be loaded and is not has nothing to tell: the file is empty.
dump_if_loaded() { # MODULE FILE COMMAND …
  if [ ! -d "/sys/module/$1" ] && grep -q "/$1\.ko" "/lib/modules/$(uname -r)/modules.dep" 2>/dev/null; then : >"$dir/$2"
  else shift; dump "$@"; fi
}

# Where nftables and the older back end can both hold rules, both are asked; the older one only where it has tables.
dump_iptables() { # iptables or ip6tables, and the list of tables of its older back end
  if has "$1-nft-save"; then dump "$1.txt" "$1-nft-save"; else dump "$1.txt" "$1-save"; fi
  [ -n "$(inside cat "/proc/net/$2" 2>/dev/null)" ] || return
  if has "$1-legacy-save"; then dump "$1-legacy.txt" "$1-legacy-save"
  elif has "$1-nft-save"; then say "$name: no $1-legacy.txt: there are rules of the older back end, and no $1-legacy-save"; fi
}

dump_nft() { # only tables that are not in the dumps of iptables and ebtables
  has nft || { echo nft >>"$tmp/missing"; return; }
  ours='^table (ip|ip6) (raw|mangle|nat|filter|security)$|^table bridge (filter|nat|broute)$|^table arp filter$'
  if inside nft list tables 2>/dev/null | grep -Evq "$ours"; then dump nft.json nft -j list ruleset; else echo '{"nftables": []}' >"$dir/nft.json"; fi
}

# The address that the kernel lends to each device without one. This is a look-up; nothing is sent.
dump_srcpick() {
  comma=
  printf '['
  inside ip -o link show | awk '{ sub(/:$/, "", $2); sub(/@.*/, "", $2); print $2 }' | while read -r dev; do
    case $dev in *[\"\\]*) continue ;; esac
    [ -z "$(inside ip -o -4 addr show dev "$dev")" ] || continue
    from=$(inside ip -j route get 192.0.2.1 oif "$dev" 2>/dev/null | sed -n 's/.*"prefsrc":"\([0-9.]*\)".*/\1/p')
    [ -z "$from" ] || printf '%s\n{"dev":"%s","prefsrc":"%s"}' "$comma" "$dev" "$from"
    comma=,
  done
  printf ']\n'
}

# Filters of traffic control, each with the device it sits on.
dump_tc() {
  inside ip -o link show | awk '{ sub(/:$/, "", $2); sub(/@.*/, "", $2); print $2 }' | while read -r dev; do
    case $dev in *[\"\\/\&]*) continue ;; esac
    for side in ingress egress; do
      inside tc -j filter show dev "$dev" "$side" 2>/dev/null | sed "s/{\"protocol\"/{\"dev\":\"$dev\",\"protocol\"/g"
    done
  done
}

# The ends of veth pairs that lead to another namespace: NETNS IFINDEX DEVICE IFINDEX-OF-PEER, and which namespace the peer is in,
# by its name (link-netns) or by the number that this namespace has for it (link-netnsid), which lsns resolves.
note_veths() {
  inside ip -o link show type veth | awk -v netns="$name" '{
    sub(/:$/, "", $2)
    if (!match($2, /@if[0-9]+$/)) next
    for (i = 3; i < NF; i++) if ($i == "link-netns" || $i == "link-netnsid")
      print "end", netns, $1 + 0, substr($2, 1, RSTART - 1), substr($2, RSTART + 3), $i, $(i + 1)
  }' >"$tmp/ends"
  cat "$tmp/ends" >>"$tmp/veths"
  grep -q ' link-netnsid ' "$tmp/ends" || return
  if has lsns; then inside lsns -t net -n -r -o NETNSID,NS | awk -v netns="$name" '{ print "id", netns, $1, $2 }' >>"$tmp/veths"
  else echo lsns >>"$tmp/missing"; fi
}

read_namespace() {
  [ "$(stat -L -c %i /proc/self/fd/9)" = "$inode" ] || return 1
  dir=$tmp/$machine/$name
  mkdir "$dir"
  dump link.json ip -j -d link show
  dump addr.json ip -j addr show
  dump route.json ip -4 -j -d route show table all
  dump route6.json ip -6 -j -d route show table all
  dump rule.json ip -4 -j rule show
  dump rule6.json ip -6 -j rule show
  dump neigh.json ip -j neigh show
  dump proxyneigh.json ip -j neigh show proxy
  dump fdb.json bridge -j fdb show
  dump brlink.json bridge -j -d link show
  dump sysctl.txt sh -c 'sysctl -a 2>/dev/null | grep "^net\."'
  dump_iptables iptables ip_tables_names
  dump_iptables ip6tables ip6_tables_names
  dump_nft
  if has ebtables-legacy-save && grep -qs '^ebtable_' /proc/modules; then dump ebtables.txt ebtables-legacy-save
  else dump ebtables.txt ebtables-save; fi
  dump_if_loaded ip_set ipset.txt ipset save
  dump_if_loaded nf_conntrack conntrack.txt conntrack -L -o extended
  dump_if_loaded ip_vs ipvs.txt ipvsadm -Sn
  dump sockets.txt ss -H -n -a -t -u -p
  dump xfrm.txt ip xfrm policy
  if has bpftool; then dump bpf.json bpftool -j net; else echo bpftool >>"$tmp/missing"; fi
  if has tc; then dump_tc >"$dir/tc.json"; else echo tc >>"$tmp/missing"; fi
  dump_srcpick >"$dir/srcpick.json"
  note_veths
  return 0
}

# Every network namespace as a line INODE PATH NAME: the host's, those with a name, those of running processes.
find_namespaces() {
  root=/proc/1/ns/net
  stat -L "$root" >/dev/null 2>&1 || { root=/proc/self/ns/net; say 'process 1 cannot be looked into: root is the namespace of this shell'; }
  echo "$(stat -L -c %i "$root") $root root"
  for path in /run/netns/* /run/docker/netns/*; do
    if nsenter --net="$path" true 2>/dev/null && number=$(stat -L -c %i "$path" 2>/dev/null); then echo "$number $path ${path##*/}"; fi
  done
  # shellcheck disable=SC2012
  ls -l /proc/[0-9]*/ns/net 2>/dev/null | sed -n 's|.* \(/proc/[0-9]*/ns/net\) -> .*net:\[\([0-9]*\)\].*|\2 \1 -|p'
}

# The pod of a process, where crictl knows its container.
pod_of() {
  container=$(grep -o '[0-9a-f]\{64\}' "${1%/ns/net}/cgroup" 2>/dev/null | tail -n 1)
  [ -n "$container" ] && has crictl || return
  crictl inspect -o go-template --template '{{index .status.labels "io.kubernetes.pod.namespace"}}.{{index .status.labels "io.kubernetes.pod.name"}}' "$container" 2>/dev/null | cut -c 1-150
}

# snapshot.json, and the same for this machine alone, so that archives of several machines can be unpacked into one folder.
write_manifests() {
  cat namespaces aliases veths | awk -v machine="$machine" '
    $1 == "netns" { count++; name[count] = $2; of[$3] = $2; next }
    $1 == "alias" { of["name " $3] = of[$2]; next }
    $1 == "end" { ends++; end[ends] = $0; dev[$2 " " $3] = $4; next }
    $1 == "id" { id[$2 " " $3] = $4 }
    function wires(prefix,   text, i, f, peer, other, seen) {
      for (i = 1; i <= ends; i++) {
        split(end[i], f, " ")
        peer = f[6] == "link-netns" ? of["name " f[7]] : of[id[f[2] " " f[7]]]
        other = dev[peer " " f[5]]
        if (peer == "" || other == "" || seen[peer " " other]) continue
        seen[f[2] " " f[4]] = 1
        text = text (text == "" ? "" : ",") "\n  [\"" prefix f[2] "/" f[4] "\", \"" prefix peer "/" other "\"]"
      }
      return text
    }
    END {
      for (i = 1; i <= count; i++) names = names (i > 1 ? ", " : "") "\"" name[i] "\""
      printf "{ \"podwalkMachine\": 1, \"kind\": \"node\", \"namespaces\": [%s],\n \"wires\": [%s] }\n", names, wires("") > (machine "/machine.json")
      printf "{ \"podwalkSnapshot\": 1,\n \"machines\": { \"%s\": { \"kind\": \"node\", \"namespaces\": [%s] } },\n \"wires\": [%s] }\n", machine, names, wires(machine "/")
    }' >snapshot.json
}

usage() {
  printf '%s\n' 'sh collect.sh > node.tar.gz, or sh collect.sh [OPTION]... FILE, as root: writes down the network state of this machine.' \
    '  --machine NAME   what to call this machine (its host name)' \
    "  --netns NAME     only this network namespace; may be given several times. The host's own is called root." \
    '  --kube           adds nodes, pods, services ... of the cluster, where kubectl works here. Pods may hold secrets in their environment.'
}

main() {
  machine=$(hostname | tr -c 'A-Za-z0-9._\n-' '-')
  only=
  kube=
  archive=-
  while [ $# -gt 0 ]; do
    case $1 in
      --machine) [ $# -ge 2 ] || die '--machine needs a NAME'; machine=$2; shift ;;
      --netns) [ $# -ge 2 ] || die '--netns needs a NAME'; only="$only $2 "; shift ;;
      --kube) kube=yes ;;
      -h | --help) usage; return ;;
      -*) die "$1 is not known; --machine NAME, --netns NAME, --kube, --help and a file are" ;;
      *) archive=$1 ;;
    esac
    shift
  done
  case $machine in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]* | kube | azure) die "'$machine' cannot be a machine's name: letters, digits and . _ - can" ;; esac
  [ "$(id -u)" -eq 0 ] || die 'only root can read every namespace'
  [ "$archive" != - ] || [ ! -t 1 ] || die 'the archive goes to standard output: name a file, or add > node.tar.gz'
  for tool in ip nsenter awk tar; do has "$tool" || die "$tool is missing"; done
  [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ] || say 'process 2 is no kernel thread: this is a container, and only its own namespaces are seen (hostPID?)'

  tmp=$(mktemp -d) || exit 1
  trap 'rm -rf "$tmp"' EXIT
  trap 'exit 1' HUP INT TERM
  mkdir "$tmp/$machine"
  for file in missing namespaces aliases veths; do : >"$tmp/$file"; done
  find_namespaces | while read -r inode path netns; do
    # A namespace may have several names and many processes; the first line of each inode counts.
    [ "$netns" = - ] || echo "alias $inode $netns" >>"$tmp/aliases"
    if grep -q "^netns [^ ]* $inode$" "$tmp/namespaces"; then continue; fi
    name=$netns
    [ "$name" != - ] || name=$(pod_of "$path" | tr -c 'A-Za-z0-9._\n-' '-')
    case $name in '' | [!A-Za-z0-9]* | *[!A-Za-z0-9._-]* | iproute2) name=net-$inode ;; esac
    if grep -q "^netns $name " "$tmp/namespaces"; then name=$name-$inode; fi
    case $only in '' | *" $name "*) ;; *) continue ;; esac
    # Where the path is gone the shell complains; what reading says goes past that.
    if { read_namespace 9<"$path" 2>&8 8>&-; } 8>&2 2>/dev/null; then echo "netns $name $inode" >>"$tmp/namespaces"; else say "$name is gone"; fi
  done
  for netns in $only; do grep -q "^netns $netns " "$tmp/namespaces" || say "there is no network namespace $netns"; done
  [ -s "$tmp/namespaces" ] || die 'no network namespace could be read'

  uname -a >"$tmp/$machine/uname.txt"
  for file in /usr/share/iproute2 /usr/lib/iproute2 /etc/iproute2; do
    [ ! -d "$file" ] || cp -RL "$file" "$tmp/$machine/" 2>/dev/null
  done
  if [ -n "$kube" ]; then
    mkdir "$tmp/kube"
    for kind in nodes pods services endpointslices networkpolicies; do
      kubectl get "$kind" -A -o json >"$tmp/kube/$kind.json" 2>"$tmp/error" || { say "no kube/$kind.json: $(head -n 1 "$tmp/error")"; rm -f "$tmp/kube/$kind.json"; }
    done
  fi
  (cd "$tmp" && write_manifests) || die 'the list of namespaces could not be written'
  sort -u "$tmp/missing" | while read -r tool; do say "$tool is missing: what only it can tell is absent"; done
  set -- snapshot.json "$machine"
  [ -z "$kube" ] || set -- "$@" kube
  if [ "$archive" = - ]; then tar -C "$tmp" -czf - "$@"; else tar -C "$tmp" -czf - "$@" >"$archive"; fi || die 'the archive could not be written'
  say "$(counted "$(grep -c . "$tmp/namespaces")" namespace), $(counted "$(grep -c '^  \[' "$tmp/snapshot.json")" wire)"
  [ -n "$kube" ] || say 'the cluster: kubectl get nodes,pods,services,endpointslices,networkpolicies -A -o json > kube/all.json beside snapshot.json'
  say 'the fabric: az network vnet|nic|nsg|route-table|lb|public-ip list -g GROUP -o json > azure/vnet.json … beside snapshot.json'
}

# Read whole before it begins, so that it can come on standard input; no tool shall take from there.
main "$@" </dev/null
