# Two nodes with two pods each, every node with network, mount and process namespaces of its own, a cable between them. Each node is
# collected into FOLDER/node-N.tar.gz; then real connections are made, and what they were seen as goes to FOLDER/seen.txt. All of it is
# gone with the process.   sh lab.sh FOLDER COLLECT.SH NODE.JS
set -eu
folder=$1 collect=$2 node=$3

# Answers every connection with the address that it sees it from.
serve="require('net').createServer((c) => c.end(c.remoteAddress.replace(/^::ffff:/, ''))).listen(Number(process.argv[1]), '0.0.0.0')"
ask="const c = require('net').connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 3000 });
c.on('data', (d) => { console.log(String(d)); process.exit(); }).on('error', (e) => { console.log(e.code); process.exit(); });
c.on('timeout', () => { console.log('timeout'); process.exit(); })"

# Becomes a node: its own view of processes and of /run.
cat >"$folder/node.sh" <<'NODE'
set -eu
n=$1 folder=$2 collect=$3 node=$4 serve=$5
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip link set lo up
ip link add cbr0 type bridge
ip addr add 10.244.$n.1/24 dev cbr0
ip link set cbr0 up
for pod in web client; do
  ip netns add cni-$pod
  ip link add veth-$pod type veth peer name eth0 netns cni-$pod
  ip link set veth-$pod master cbr0
  bridge link set dev veth-$pod hairpin on
  ip link set veth-$pod up
  ip -n cni-$pod link set lo up
  ip -n cni-$pod link set eth0 up
done
ip -n cni-web addr add 10.244.$n.2/24 dev eth0
ip -n cni-client addr add 10.244.$n.3/24 dev eth0
ip -n cni-web route add default via 10.244.$n.1
ip -n cni-client route add default via 10.244.$n.1
sysctl -qw net.ipv4.ip_forward=1
: >"$folder/up-$n"
until ip link show dev eth0 >/dev/null 2>&1; do sleep 0.1; done
ip addr add 10.0.0.$((n + 4))/24 dev eth0
ip link set eth0 up
ip route add 10.244.$((1 - n)).0/24 via 10.0.0.$((5 - n))
iptables-nft -t nat -A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -m comment --comment "default/web:http \"a\" 'b'" -j DNAT --to-destination 10.244.1.2:8080
iptables-nft -t nat -A POSTROUTING -s 10.244.$n.0/24 ! -d 10.244.0.0/16 -j MASQUERADE
iptables-nft -A FORWARD -s 10.244.1.3/32 -p tcp -m tcp --dport 8080 -j REJECT --reject-with tcp-reset
iptables-legacy -A INPUT -p tcp -m tcp --dport 9 -j DROP 2>/dev/null || true
ipset create allowed hash:net 2>/dev/null && ipset add allowed 10.244.0.0/16 || true
ip netns exec cni-web "$node" -e "$serve" 8080 &
"$node" -e "$serve" 9090 &
# A container that nobody gave a name, which hangs on another one.
unshare --net sh -c "ip link set lo up; exec sleep 300" &
lonely=$!
sleep 0.5
ip link add up0 netns cni-client type veth peer name up0 netns $lonely
mkdir "$folder/tmp-$n"
export TMPDIR="$folder/tmp-$n"
sh "$collect" --machine node-$n "$folder/node-$n.tar.gz" 2>"$folder/said-$n"
sh -s -- --machine again-$n --netns root <"$collect" >"$folder/again-$n.tar.gz" 2>>"$folder/said-$n"
ls -A "$TMPDIR" >"$folder/left-$n"
: >"$folder/collected-$n"
sleep 300
NODE

for n in 0 1; do
  unshare --net --mount --pid --fork --kill-child --propagation private sh "$folder/node.sh" $n "$folder" "$collect" "$node" "$serve" &
  until [ -e "$folder/up-$n" ]; do sleep 0.1; done
done
first=$(pgrep -f "$folder/node.sh 0 " | tail -n 1)
second=$(pgrep -f "$folder/node.sh 1 " | tail -n 1)
ip link add eth0 netns "$first" type veth peer name eth0 netns "$second"
until [ -e "$folder/collected-0" ] && [ -e "$folder/collected-1" ]; do sleep 0.1; done

# FROM TO PORT ANSWER
connect() {
  answer=$(nsenter -t "$2" --net --mount --pid ip netns exec "cni-$3" "$node" -e "$ask" "$4" "$5")
  echo "$1 $3 $4 $5 $answer" >>"$folder/seen.txt"
}
connect 0 "$first" client 10.244.1.2 8080
connect 0 "$first" client 10.96.0.1 80
connect 0 "$first" client 10.0.0.5 9090
connect 0 "$first" client 10.244.0.2 8080
connect 1 "$second" client 10.244.0.2 8080
connect 1 "$second" client 10.0.0.4 9091
