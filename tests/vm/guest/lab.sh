#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest/lab.sh OUT:IN... - HTTP through a director in the floor's lab (net.sh), every method over these kinds of devices
#
# ENGINE=sluice (default) or kernel: the guest kernel's own IPVS with Debian's ipvsadm. The lab itself must work
# with both, so a failure with one alone is that one's.
cd "$(dirname "$0")" || exit 1
. ./net.sh
ENGINE=${ENGINE:-sluice}
failed=0

verdict()
{
	if [ "$1" = 0 ]; then
		echo "ok $2"
	else
		echo "not ok $2"
		failed=1
	fi
}

engine_start()
{
	[ "$ENGINE" = sluice ] || return 0
	ip netns exec d sluiced >/tmp/sluiced.log 2>&1 &
	daemon=$!
	ip netns exec d sluice ping --wait 60s
}

# What a director would leave in the kernel: filters, qdiscs, XDP programs, pins.
traces()
{
	ip -n d -o link | grep -o 'xdp.*'
	ip netns exec d tc qdisc | grep clsact
	find /run/sluice/bpf -mindepth 1
}

engine_stop()
{
	[ "$ENGINE" = sluice ] || return 0
	kill "$daemon" && wait "$daemon" || return
	[ -n "$(traces)" ] || echo "the lanes went with the daemon" && ip netns exec d sluiced --teardown || return
	local left
	left=$(traces)
	echo "left: $left"
	[ -z "$left" ]
}

get()
{
	ip netns exec c curl -sS -g --max-time 10 "http://$1"
}

director()
{
	ip netns exec d ipvsadm "$@" || echo "ipvsadm $*: exit code $?"
}

# service VIP FORWARD SERVER...
service()
{
	local vip=$1 forward=$2 server
	shift 2
	director -C
	director -A -t "$vip:80" -s rr
	for server in "$@"; do
		director -a -t "$vip:80" -r "$server:80" "$forward"
	done
}

# Four requests reach both servers twice each, and a large answer arrives unchanged.
serves()
{
	local vip=$1 answers
	answers=$(for _ in 1 2 3 4; do get "$vip/"; done | sort | uniq -c | awk '{ printf "%s:%s ", $2, $1 }')
	[ "$answers" = "r1:2 r2:2 " ] || {
		echo "answers: $answers"
		return 1
	}
	get "$vip/big" | cmp - /srv/big
}

# The guest's state, for the log of a failure.
explain()
{
	ip netns exec d ipvsadm -L -n --stats
	ip netns exec d ipvsadm -L -n -c
	[ "$ENGINE" = sluice ] || return 0
	ip netns exec d sluice status
	ip netns exec d sluice counters 2>/dev/null
	cat /tmp/sluiced.log
	dmesg | tail -5
}

row()
{
	local name=$1 vip=$2
	shift
	service "$@"
	serves "$vip"
	local code=$?
	[ $code = 0 ] || explain
	verdict $code "$name"
}

rows()
{
	local kind=$1
	row "$kind nat 4" $VIP4 -m 10.0.0.11 10.0.0.12
	row "$kind nat 6" "[$VIP6]" -m "[fd00::11]" "[fd00::12]"
	row "$kind dr 4" $VIP4 -g 10.0.0.11 10.0.0.12
	row "$kind dr 6" "[$VIP6]" -g "[fd00::11]" "[fd00::12]"
	row "$kind tun 4 in 4" $VIP4 -i 10.0.0.11 10.0.0.12
	row "$kind tun 6 in 6" "[$VIP6]" -i "[fd00::11]" "[fd00::12]"
	row "$kind tun 4 in 6" $VIP4 -i "[fd00::11]" "[fd00::12]"
	row "$kind tun 6 in 4" "[$VIP6]" -i 10.0.0.11 10.0.0.12
}

mark_service()
{
	local server name=(-f 7)
	[ -z "$1" ] || name+=("$1")
	shift
	director -A "${name[@]}" -s rr
	for server in "$@"; do
		director -a "${name[@]}" -r "$server:0" -m
	done
}

rules()
{
	ip -n d rule
	ip -n d -6 rule
}

# Packets that netfilter marks come by sluice0, and the host's routing rules are afterwards what they were before.
marks()
{
	local kind=$1 before code=0
	before=$(rules)
	ip netns exec d nft "add table inet t; add chain inet t p { type filter hook prerouting priority mangle; };
		add rule inet t p ip daddr $VIP4 tcp dport 80 meta mark set 7; add rule inet t p ip6 daddr $VIP6 tcp dport 80 meta mark set 7"
	director -C
	mark_service "" 10.0.0.11 10.0.0.12
	mark_service -6 "[fd00::11]" "[fd00::12]"
	serves $VIP4 && serves "[$VIP6]" && ip -n d -d link show sluice0 || code=1
	[ $code = 0 ] || explain
	[ $code = 0 ] || rules
	director -C
	ip netns exec d nft delete table inet t
	[ "$(rules)" = "$before" ] || code=1
	verdict $code "$kind: marks of nftables"
}

# tcx came with 6.6; before it, both lanes hang on clsact.
attached()
{
	local wanted=tcx filters
	case $(uname -r) in
	[1-5].* | 6.[0-5].*) wanted=clsact ;;
	esac
	filters=$(ip netns exec d tc filter show dev "$OUT" ingress)
	echo "wanted $wanted; tc filter shows: $filters"
	if [ $wanted = clsact ]; then
		[[ $filters == *bpf* ]]
	else
		[ -z "$filters" ]
	fi
}

for kind in "$@"; do
	net_up "${kind%:*}" "${kind#*:}"
	verdict $? "$kind: the lab comes up"
	engine_start
	verdict $? "$kind: the director starts"
	if [ "$ENGINE" = sluice ]; then
		attached
		verdict $? "$kind: the full lane is attached as this kernel can"
	fi
	rows "$kind"
	[ "$ENGINE" != sluice ] || marks "$kind"
	engine_stop
	verdict $? "$kind: the director stops and leaves nothing"
	net_down
done
exit $failed
