# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/net.sh - the floor's lab: a client, a director and two real servers, with devices that a host may not have
#
#   c eth0 ---- wan (bridge) ---- OUT  d  IN ---- lan (bridge) ---- eth0 r1
#                    |                                  |     `---- eth0 r2
#                    `------------ s, router -----------'
#
# s holds both bridges and routes between them: the way back of DR and TUN. Real servers answer from the VIP by s, and
# from their own address by d. KIND says what OUT and IN are:
#
#   plain    veth                      vlan    8021q over veth trunks, 100 outside and 200 inside
#   bond     active-backup of two      bridge  IN is a bridge in d itself, with r1 and the lan as its ports
#
# Addresses: outside 192.0.2.0/24, 2001:db8::/64; inside 10.0.0.0/24, fd00::/64; the VIPs end in 80.

VIP4=192.0.2.80 VIP6=2001:db8::80
SERVERS="r1 r2"

# a veth pair: link NS1 DEVICE1 NS2 DEVICE2
link()
{
	ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
	ip -n "$1" link set "$2" up
	ip -n "$3" link set "$4" up
}

port()
{
	ip -n "$1" link set "$3" master "$2"
}

vlan()
{
	ip -n "$1" link add link "$2" name "$2.$3" type vlan id "$3"
	ip -n "$1" link set "$2.$3" up
}

bond()
{
	local ns=$1 bond=$2 slave
	shift 2
	ip -n "$ns" link add "$bond" type bond mode active-backup miimon 50
	for slave in "$@"; do
		ip -n "$ns" link set "$slave" down
		ip -n "$ns" link set "$slave" master "$bond"
	done
	ip -n "$ns" link set "$bond" up
}

new_bridge()
{
	ip -n "$1" link add "$2" type bridge mcast_snooping 0
	ip -n "$1" link set "$2" up
}

addr()
{
	local ns=$1 dev=$2 address
	shift 2
	for address in "$@"; do
		case $address in
		*:*) ip -n "$ns" addr add "$address" dev "$dev" nodad ;;
		*) ip -n "$ns" addr add "$address" dev "$dev" ;;
		esac
	done
}

net_new_ns()
{
	local ns
	for ns in c s d $SERVERS; do
		ip netns add "$ns"
		ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=0
		ip -n "$ns" link set lo up
	done
	ip netns exec s sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip netns exec d sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	new_bridge s wan
	new_bridge s lan
	link c eth0 s c
	port s wan c
}

# The director's devices; sets OUT and IN, and where r1 is plugged in.
net_director()
{
	OUT=out IN=in R1_NS=s R1_BRIDGE=lan
	link d out s out
	link d in s in
	case $1 in
	plain)
		port s wan out
		port s lan in
		;;
	vlan)
		vlan d out 100
		vlan s out 100
		port s wan out.100
		vlan d in 200
		vlan s in 200
		port s lan in.200
		OUT=out.100 IN=in.200
		;;
	bond)
		link d out2 s out2
		link d in2 s in2
		port s wan out
		port s wan out2
		port s lan in
		port s lan in2
		bond d bondo out out2
		bond d bondi in in2
		OUT=bondo IN=bondi
		;;
	bridge)
		port s wan out
		port s lan in
		new_bridge d br0
		port d br0 in
		IN=br0 R1_NS=d R1_BRIDGE=br0
		;;
	esac
}

net_server()
{
	local ns=$1 number=$2
	addr "$ns" eth0 10.0.0."$number"/24 fd00::"$number"/64
	ip netns exec "$ns" sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2
	addr "$ns" lo $VIP4/32 $VIP6/128
	ip -n "$ns" route add default via 10.0.0.1
	ip -n "$ns" route add default via fd00::1
	ip -n "$ns" rule add from $VIP4 lookup 100
	ip -n "$ns" -6 rule add from $VIP6 lookup 100
	ip -n "$ns" route add default via 10.0.0.254 table 100
	ip -n "$ns" -6 route add default via fd00::254 table 100
	# the kernel's own decapsulation: 4 in 4, 6 in 4, and both in 6
	ip -n "$ns" link add t44 type ipip local 10.0.0."$number"
	ip -n "$ns" link add t64 type sit local 10.0.0."$number"
	ip -n "$ns" link add tx6 type ip6tnl mode any local fd00::"$number" remote ::
	for dev in t44 t64 tx6; do
		ip -n "$ns" link set $dev up
	done
	mkdir -p "/srv/$ns"
	echo "$ns" >"/srv/$ns/index.html"
	cp /srv/big "/srv/$ns/big"
	ip netns exec "$ns" httpd -p 80 -h "/srv/$ns"
}

net_up()
{
	net_new_ns
	net_director "$1"
	link r1 eth0 "$R1_NS" r1
	port "$R1_NS" "$R1_BRIDGE" r1
	link r2 eth0 s r2
	port s lan r2
	addr c eth0 192.0.2.10/24 2001:db8::10/64
	addr s wan 192.0.2.254/24 2001:db8::254/64
	addr s lan 10.0.0.254/24 fd00::254/64
	addr d "$OUT" 192.0.2.1/24 2001:db8::1/64 $VIP4/32 $VIP6/128
	addr d "$IN" 10.0.0.1/24 fd00::1/64
	mkdir -p /srv
	[ -s /srv/big ] || head -c 1000000 /dev/urandom >/srv/big
	net_server r1 11
	net_server r2 12
	# every way is there before a test begins
	for to in 10.0.0.11 10.0.0.12 192.0.2.10 fd00::11 fd00::12 2001:db8::10; do
		reachable d $to || return
	done
}

# Wait, at most 10 s, until a ping is answered.
reachable()
{
	local _
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		ip netns exec "$1" ping -c 1 -W 1 "$2" >/dev/null 2>&1 && return
	done
	echo "no way from $1 to $2"
	ip -n "$1" addr
	return 1
}

net_down()
{
	local ns pid
	for ns in c s d $SERVERS; do
		for pid in $(ip netns pids "$ns"); do
			kill -9 "$pid"
		done
		ip netns del "$ns"
	done
}
