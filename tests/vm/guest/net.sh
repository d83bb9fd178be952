# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/net.sh - the floor's lab: a client, a director and two real servers, with devices that a host may not have
#
#   c eth0 ---- wan (bridge) ---- OUT  d  IN ---- lan (bridge) ---- eth0 r1
#                    |                                  |     `---- eth0 r2
#                    `------------ s, router -----------'
#
# s holds both bridges and routes between them: the way back of DR and TUN. Real servers answer from the VIP by s, and
# from their own address by d. OUT and IN are each one of
#
#   plain   veth                           vlan      8021q over a veth trunk
#   bond    active-backup of two veths     bondvlan  8021q over such a bond
#   bridge  a bridge in d itself; inside, r1 is a port of it and r2 is behind lan
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

# Connects d to a bridge of s: side BRIDGE KIND NAME; sets DEV, the device that gets the addresses.
side()
{
	local bridge=$1 kind=$2 name=$3
	DEV=$name
	[ "$kind" = bondvlan ] || link d "$name" s "$name"
	case $kind in
	plain) port s "$bridge" "$name" ;;
	vlan)
		vlan d "$name" 100
		vlan s "$name" 100
		port s "$bridge" "$name.100"
		DEV=$name.100
		;;
	bond)
		link d "${name}2" s "${name}2"
		port s "$bridge" "$name"
		port s "$bridge" "${name}2"
		bond d "b$name" "$name" "${name}2"
		DEV=b$name
		;;
	bondvlan)
		new_bridge s "x$name"
		side "x$name" bond "$name"
		vlan d "$DEV" 100
		vlan s "x$name" 100
		port s "$bridge" "x$name.100"
		DEV=$DEV.100
		;;
	bridge)
		port s "$bridge" "$name"
		new_bridge d "br$name"
		port d "br$name" "$name"
		DEV=br$name
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

# net_up OUT-KIND IN-KIND
net_up()
{
	net_new_ns
	side wan "$1" out
	OUT=$DEV
	side lan "$2" in
	IN=$DEV
	if [ "$2" = bridge ]; then
		link r1 eth0 d r1
		port d "$IN" r1
	else
		link r1 eth0 s r1
		port s lan r1
	fi
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
