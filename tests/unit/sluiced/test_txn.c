/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions on the model: a table of what is asked of one model, the answer, and how the model is then. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sluiced/model/diff.h"
#include "tests/unit/sluiced/script.h"

#define WEB "tcp 192.0.2.1 80"
#define START "S+ " WEB " rr; D+ " WEB " 192.0.2.11 8080 masq 1; D+ " WEB " 192.0.2.12 80 route 2; S+ udp 2001:db8::1 53 wlc"
#define WAS "udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; "

struct row {
	const char *name, *script;
	int err;
	const char *sentence; /* a part of it */
	const char *then; /* NULL: as before */
	size_t changed;
};

static const struct row rows[] = {
    {"add service", "S+ tcp 192.0.2.2 443 lc", 0, NULL, "tcp 192.0.2.2:443 lc []; " WAS, 1},
    {"default scheduler", "S+ tcp 192.0.2.2 443 -", 0, NULL, "tcp 192.0.2.2:443 wlc []; " WAS, 1},
    {"tcp and udp are two", "S+ udp 192.0.2.1 80 wrr", 0, NULL, "udp 192.0.2.1:80 wrr []; " WAS, 1},
    {"duplicate service", "S+ " WEB " rr", -EEXIST, "service tcp 192.0.2.1:80 exists", NULL, 0},
    {"duplicate wins over scheduler", "S+ " WEB " nosuch", -EEXIST, "exists", NULL, 0},
    {"unknown scheduler", "S+ tcp 192.0.2.2 80 nosuch", -ENOENT, "no scheduler \"nosuch\"", NULL, 0},
    {"scheduler in capitals", "S+ tcp 192.0.2.2 80 RR", -ENOENT, "no scheduler", NULL, 0},
    {"service port 0", "S+ tcp 192.0.2.2 0 rr", -EINVAL, "needs persistence", NULL, 0},
    {"multicast VIP", "S+ tcp 224.0.0.1 80 rr", -EINVAL, "unicast", NULL, 0},
    {"zero VIP", "S+ tcp 0.0.0.0 80 rr", -EINVAL, "unicast", NULL, 0},
    {"zero VIP, IPv6", "S+ tcp :: 80 rr", -EINVAL, "unicast", NULL, 0},
    {"broadcast VIP", "S+ tcp 255.255.255.255 80 rr", -EINVAL, "unicast", NULL, 0},
    {"multicast VIP, IPv6", "S+ tcp ff02::1 80 rr", -EINVAL, "unicast", NULL, 0},
    {"edit service", "S~ " WEB " wrr", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 wrr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit to the same", "S~ " WEB " rr", 0, NULL, NULL, 0},
    {"edit takes the default", "S~ " WEB " -", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 wlc [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit no service", "S~ tcp 192.0.2.1 81 rr", -ESRCH, "no service tcp 192.0.2.1:81", NULL, 0},
    {"edit no service wins over scheduler", "S~ tcp 192.0.2.1 81 nosuch", -ESRCH, "no service", NULL, 0},
    {"edit to unknown scheduler", "S~ " WEB " nosuch", -ENOENT, "no scheduler", NULL, 0},
    {"delete service", "S- " WEB, 0, NULL, "udp [2001:db8::1]:53 wlc []; ", 3},
    {"delete no service", "S- tcp 192.0.2.1 81", -ESRCH, "no service", NULL, 0},
    {"add server, newest first", "D+ " WEB " 192.0.2.10 80 masq 3", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 masq 3, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"direct routing takes the service's port", "D+ " WEB " 192.0.2.10 8080 route 0", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 route 0, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"so does the tunnel", "D+ " WEB " 192.0.2.10 0 tunnel 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.10:80 tunnel 1, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"duplicate server", "D+ " WEB " 192.0.2.11 8080 masq 9", -EEXIST, "192.0.2.11:8080 is in service", NULL, 0},
    {"duplicate by forced port", "D+ " WEB " 192.0.2.12 8080 route 9", -EEXIST, "192.0.2.12:80 is in service", NULL, 0},
    {"server of no service", "D+ tcp 192.0.2.1 81 192.0.2.11 80 masq 1", -ESRCH, "no service", NULL, 0},
    {"no service wins over bad weight", "D+ tcp 192.0.2.1 81 192.0.2.11 80 masq -1", -ESRCH, "no service", NULL, 0},
    {"negative weight", "D+ " WEB " 192.0.2.10 80 masq -1", -ERANGE, "weight -1", NULL, 0},
    {"largest weight", "D+ " WEB " 192.0.2.10 80 masq 2147483647", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; "
	"tcp 192.0.2.1:80 rr [192.0.2.10:80 masq 2147483647, 192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ",
	1},
    {"too large a weight", "D+ " WEB " 192.0.2.10 80 masq 2147483648", -ERANGE, "weight 2147483648", NULL, 0},
    {"weight wins over duplicate", "D+ " WEB " 192.0.2.11 8080 masq -1", -ERANGE, "weight", NULL, 0},
    {"server port 0", "D+ " WEB " 192.0.2.10 0 masq 1", -EINVAL, "port 0", NULL, 0},
    {"multicast server", "D+ " WEB " 239.1.1.1 80 masq 1", -EINVAL, "unicast", NULL, 0},
    {"link-local server", "D+ udp 2001:db8::1 53 fe80::1 53 masq 1", -EINVAL, "link-local", NULL, 0},
    {"other family, masq", "D+ " WEB " 2001:db8::2 80 masq 1", -EINVAL, "tunnel", NULL, 0},
    {"other family, route", "D+ udp 2001:db8::1 53 192.0.2.9 53 route 1", -EINVAL, "tunnel", NULL, 0},
    {"other family, tunnel", "D+ udp 2001:db8::1 53 192.0.2.9 53 tunnel 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc [192.0.2.9:53 tunnel 1]; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit server keeps its place", "D~ " WEB " 192.0.2.11 8080 masq 7", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 7]; ", 1},
    {"edit method", "D~ " WEB " 192.0.2.12 80 masq 2", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 masq 2, 192.0.2.11:8080 masq 1]; ", 1},
    {"edit no server", "D~ " WEB " 192.0.2.99 80 masq 1", -ENOENT, "no server 192.0.2.99:80", NULL, 0},
    {"edit by forced port finds none", "D~ " WEB " 192.0.2.11 8080 route 1", -ENOENT, "no server 192.0.2.11:80", NULL, 0},
    {"delete server", "D- " WEB " 192.0.2.11 8080", 0, NULL, "udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2]; ",
	1},
    {"delete no server", "D- " WEB " 192.0.2.11 80", -ENOENT, "no server", NULL, 0},
    {"delete and add again moves to the front", "D- " WEB " 192.0.2.11 8080; D+ " WEB " 192.0.2.11 8080 masq 1", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.11:8080 masq 1, 192.0.2.12:80 route 2]; ", 1},
    {"clear", "clear", 0, NULL, "", 4},
    {"clear and build again", "clear; S+ " WEB " rr", 0, NULL, "tcp 192.0.2.1:80 rr []; ", 4},
    {"add and delete is nothing", "S+ tcp 192.0.2.2 80 rr; D+ tcp 192.0.2.2 80 192.0.2.9 80 masq 1; S- tcp 192.0.2.2 80", 0, NULL, NULL, 0},
    {"all or none", "S+ tcp 192.0.2.2 80 rr; D- " WEB " 192.0.2.11 8080; S- udp 2001:db8::1 53; clear; S+ " WEB " lc; S+ " WEB " rr",
	-EEXIST, "exists", NULL, 0},
    {"none after edits", "S~ " WEB " wlc; D~ " WEB " 192.0.2.12 80 masq 9; D~ " WEB " 192.0.2.12 80 masq 8; S- tcp 192.0.2.3 1", -ESRCH,
	"no service", NULL, 0},
    {"timeouts", "timeouts 100 0 5", 0, NULL, NULL, 1},
    {"timeouts unchanged", "timeouts 0 0 0", 0, NULL, NULL, 0},
    {"timeout too large", "timeouts 2678401 1 1", -ERANGE, "tcp of 2678401", NULL, 0},
    {"timeout negative", "timeouts 1 1 -1", -ERANGE, "udp of -1", NULL, 0},
    {"mark service", "S+ mark 7 0 sh; S+ mark6 7 0 rr", 0, NULL, "mark 7 IPv6 rr []; mark 7 sh []; " WAS, 2},
    {"duplicate mark", "S+ mark 7 0 sh; S+ mark 7 0 rr", -EEXIST, "service mark 7 exists", NULL, 0},
    {"mark 0", "S+ mark 0 0 rr", -EINVAL, "mark 0", NULL, 0},
    {"a mark's servers keep their ports", "S+ mark 7 0 rr; D+ mark 7 0 192.0.2.11 0 masq 1; D+ mark 7 0 192.0.2.12 8080 route 1", 0, NULL,
	"mark 7 rr [192.0.2.12:8080 route 1, 192.0.2.11:0 masq 1]; " WAS, 3},
    {"a mark's family", "S+ mark 7 0 rr; D+ mark 7 0 2001:db8::11 0 route 1", -EINVAL, "family", NULL, 0},
    {"sctp", "S+ sctp 192.0.2.2 80 rr", -ENOSYS, "SCTP", NULL, 0},
    {"every scheduler",
	"S+ mark 1 0 lblc; S+ mark 2 0 lblcr; S+ mark 3 0 dh; S+ mark 4 0 sed; S+ mark 5 0 nq; S+ mark 6 0 fo; S+ mark 7 0 ovf; "
	"S+ mark 8 0 mh; S+ mark 9 0 twos",
	0, NULL,
	"mark 9 twos []; mark 8 mh []; mark 7 ovf []; mark 6 fo []; mark 5 nq []; mark 4 sed []; mark 3 dh []; mark 2 lblcr []; mark 1 "
	"lblc []; " WAS,
	9},
    {"scheduler flags", "S+ mark 1 0 sh flags=sh-port,sh-fallback; S+ mark 2 0 mh flags=mh-port; S+ mark 3 0 rr flags=flag-3,flag-1", 0,
	NULL, "mark 3 rr flags=flag-1,flag-3 []; mark 2 mh flags=mh-port []; mark 1 sh flags=sh-fallback,sh-port []; " WAS, 3},
    {"general flags of sh have its names", "S+ mark 1 0 sh flags=flag-2", 0, NULL, "mark 1 sh flags=sh-port []; " WAS, 1},
    {"a flag of another scheduler", "S+ mark 1 0 mh flags=sh-port", -EINVAL, "of another scheduler", NULL, 0},
    {"a flag of none", "S+ mark 1 0 mh flags=paint", -EINVAL, "no scheduler flag \"paint\"", NULL, 0},
    {"persistent", "S+ tcp 192.0.2.2 80 rr persist=300 mask=255.255.255.0", 0, NULL, "tcp 192.0.2.2:80 rr persist=300 mask=24 []; " WAS, 1},
    {"mask of some bits", "S+ tcp 192.0.2.2 80 rr persist=300 mask=255.0.255.1", 0, NULL,
	"tcp 192.0.2.2:80 rr persist=300 mask=17 []; " WAS, 1},
    {"mask as length", "S+ tcp 192.0.2.2 80 rr persist=300 mask=9", 0, NULL, "tcp 192.0.2.2:80 rr persist=300 mask=9 []; " WAS, 1},
    {"mask of everybody", "S+ tcp 192.0.2.2 80 rr persist=300 mask=32", 0, NULL, "tcp 192.0.2.2:80 rr persist=300 []; " WAS, 1},
    {"mask IPv6", "S+ tcp 2001:db8::2 80 rr persist=300 mask=64", 0, NULL, "tcp [2001:db8::2]:80 rr persist=300 mask=64 []; " WAS, 1},
    {"netmask for IPv6", "S+ tcp 2001:db8::2 80 rr persist=300 mask=255.0.0.0", -EINVAL, "prefix length", NULL, 0},
    {"mask too long", "S+ tcp 192.0.2.2 80 rr persist=300 mask=33", -EINVAL, "33 bits", NULL, 0},
    {"mask too long, IPv6", "S+ tcp 2001:db8::2 80 rr persist=300 mask=129", -EINVAL, "129 bits", NULL, 0},
    {"mask 0", "S+ tcp 2001:db8::2 80 rr persist=300 mask=0", -EINVAL, "0 bits", NULL, 0},
    {"mask without persistence", "S+ tcp 192.0.2.2 80 rr mask=24", -EINVAL, "persistent", NULL, 0},
    {"persistence 0", "S+ tcp 192.0.2.2 80 rr persist=0", -ERANGE, "0 s", NULL, 0},
    {"persistence too long", "S+ tcp 192.0.2.2 80 rr persist=2678401", -ERANGE, "2678401", NULL, 0},
    {"all ports", "S+ tcp 192.0.2.2 0 rr persist=1; D+ tcp 192.0.2.2 0 192.0.2.11 0 masq 1", 0, NULL,
	"tcp 192.0.2.2:0 rr persist=1 [192.0.2.11:0 masq 1]; " WAS, 2},
    {"all ports stay persistent", "S+ tcp 192.0.2.2 0 rr persist=1; S~ tcp 192.0.2.2 0 rr", -EINVAL, "port 0", NULL, 0},
    {"sip", "S+ udp 192.0.2.2 5060 rr persist=60 pe=sip", 0, NULL, "udp 192.0.2.2:5060 rr persist=60 pe=sip []; " WAS, 1},
    {"sip over TCP", "S+ tcp 192.0.2.2 5060 rr persist=60 pe=sip", -EINVAL, "UDP", NULL, 0},
    {"sip without persistence", "S+ udp 192.0.2.2 5060 rr pe=sip", -EINVAL, "needs persistence", NULL, 0},
    {"no such engine", "S+ udp 192.0.2.2 5060 rr persist=60 pe=h323", -ENOENT, "no persistence engine", NULL, 0},
    {"one packet", "S+ udp 192.0.2.2 53 rr ops; S+ mark 3 0 rr ops", 0, NULL, "mark 3 rr ops []; udp 192.0.2.2:53 rr ops []; " WAS, 2},
    {"one packet, TCP", "S+ tcp 192.0.2.2 53 rr ops", -EINVAL, "one-packet", NULL, 0},
    {"timeouts of its own", "S+ tcp 192.0.2.2 80 rr tcp=60 udp=5", 0, NULL, "tcp 192.0.2.2:80 rr tcp=60 tcpfin=0 udp=5 []; " WAS, 1},
    {"own timeout too long", "S+ tcp 192.0.2.2 80 rr tcpfin=2678401", -ERANGE, "tcpfin of 2678401", NULL, 0},
    {"edit takes every default but the list",
	"S+ udp 192.0.2.2 5060 sh flags=sh-port persist=60 pe=sip ops tcp=4 allow=192.0.2.0/24; S~ udp 192.0.2.2 5060 rr", 0, NULL,
	"udp 192.0.2.2:5060 rr allow=192.0.2.0/24 []; " WAS, 1},
    {"the list is removed", "S+ tcp 192.0.2.2 80 rr allow=192.0.2.0/24; S~ tcp 192.0.2.2 80 rr allow=null", 0, NULL,
	"tcp 192.0.2.2:80 rr []; " WAS, 1},
    {"nobody is let in", "S+ tcp 192.0.2.2 80 rr allow=", 0, NULL, "tcp 192.0.2.2:80 rr allow= []; " WAS, 1},
    {"a list in its shortest form", "S+ tcp 192.0.2.2 80 rr allow=10.0.1.0/24,192.0.2.7,10.0.0.0/24,192.0.2.0/24,10.0.0.128/25,10.0.2.0/23",
	0, NULL, "tcp 192.0.2.2:80 rr allow=10.0.0.0/22,192.0.2.0/24 []; " WAS, 1},
    {"everybody by halves", "S+ tcp 192.0.2.2 80 rr allow=0.0.0.0/1,128.0.0.0/1", 0, NULL, "tcp 192.0.2.2:80 rr allow=0.0.0.0/0 []; " WAS,
	1},
    {"the list of the other family", "S+ tcp 192.0.2.2 80 rr allow=::/0", -EINVAL, "no client", NULL, 0},
    {"the list of the other family, IPv6", "S+ tcp 2001:db8::2 80 rr allow=10.0.0.0/8", -EINVAL, "no client", NULL, 0},
    {"the same list again", "S+ tcp 192.0.2.2 80 rr allow=192.0.2.0/25,192.0.2.128/25; S~ tcp 192.0.2.2 80 rr allow=192.0.2.0/24", 0, NULL,
	"tcp 192.0.2.2:80 rr allow=192.0.2.0/24 []; " WAS, 1},
    {"thresholds", "D~ " WEB " 192.0.2.11 8080 masq 1 upper=10 lower=3", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1 upper=10 lower=3]; ", 1},
    {"lower above upper", "D~ " WEB " 192.0.2.11 8080 masq 1 upper=10 lower=11", -ERANGE, "lower threshold 11", NULL, 0},
    {"lower without upper", "D~ " WEB " 192.0.2.11 8080 masq 1 lower=1", -ERANGE, "lower threshold 1", NULL, 0},
    {"upper too large", "D~ " WEB " 192.0.2.11 8080 masq 1 upper=2147483648", -ERANGE, "upper 2147483648", NULL, 0},
    {"upper negative", "D~ " WEB " 192.0.2.11 8080 masq 1 upper=-1", -ERANGE, "upper -1", NULL, 0},
    {"tunnels", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=gue:5555:remcsum; D+ " WEB " 192.0.2.22 80 tunnel 1 tun=gre:0:csum", 0, NULL,
	"udp [2001:db8::1]:53 wlc []; tcp 192.0.2.1:80 rr [192.0.2.22:80 tunnel 1 tun=gre:0:csum, 192.0.2.21:80 tunnel 1 "
	"tun=gue:5555:remcsum, "
	"192.0.2.12:80 route 2, 192.0.2.11:8080 masq 1]; ",
	2},
    {"gue without port", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=gue:0", -EINVAL, "needs the UDP port", NULL, 0},
    {"gre with port", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=gre:1", -EINVAL, "only a gue tunnel", NULL, 0},
    {"gre with remcsum", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=gre:0:remcsum", -EINVAL, "no remote checksum", NULL, 0},
    {"ipip with csum", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=ipip:0:csum", -EINVAL, "no checksum", NULL, 0},
    {"tunnel port out of range", "D+ " WEB " 192.0.2.21 80 tunnel 1 tun=gue:65536", -ERANGE, "65536", NULL, 0},
    {"a tunnel that is none", "D+ " WEB " 192.0.2.21 80 masq 1 tun=gre:0", -EINVAL, "tunnel options", NULL, 0},
    {"settings", "set drop_entry 3; set sync_period 9", 0, NULL, WAS "drop_entry 3; sync_period 9; ", 2},
    {"setting as it is", "set drop_entry 0", 0, NULL, NULL, 0},
    {"setting there and back", "set drop_entry 1; set drop_entry 0", 0, NULL, NULL, 0},
    {"no such setting", "set paint 1", -ENOENT, "no setting \"paint\"", NULL, 0},
    {"setting out of range", "set drop_entry 4", -ERANGE, "write 0 to 3", NULL, 0},
    {"setting negative", "set amemthresh -1", -ERANGE, "-1", NULL, 0},
    {"sync_ports", "set sync_ports 3", -EINVAL, "power of two", NULL, 0},
    {"sync_threshold", "set sync_threshold 50", -EINVAL, "below", NULL, 0},
    {"rules", "M+ 7 192.0.2.0/24 - tcp 80 443; M+ 8 - - - 0 65535; M+ 9 2001:db8::/32 2001:db8:1::/48 - 0 65535 2", 0, NULL,
	WAS "rule 1: 7 192.0.2.0/24 - 6 80-443; rule 3: 9 2001:db8::/32 2001:db8:1::/48 0 0-65535; rule 2: 8 - - 0 0-65535; ", 3},
    {"rule and gone", "M+ 7 - - - 0 65535; M- 1", 0, NULL, NULL, 0},
    {"rules all gone", "M+ 7 - - - 0 65535; M+ 7 - - - 0 65535; M- all; M+ 9 - - - 0 65535", 0, NULL, WAS "rule 1: 9 - - 0 0-65535; ", 1},
    {"rule of mark 0", "M+ 0 - - - 0 65535", -ERANGE, "mark 0", NULL, 0},
    {"rule of too large a mark", "M+ 4294967296 - - - 0 65535", -ERANGE, "4294967296", NULL, 0},
    {"rule of two families", "M+ 1 10.0.0.0/8 2001:db8::/32 - 0 65535", -EINVAL, "famil", NULL, 0},
    {"rule of ports backwards", "M+ 1 - - tcp 80 79", -EINVAL, "range", NULL, 0},
    {"rule of ports without protocol", "M+ 1 - - - 80 80", -EINVAL, "protocol", NULL, 0},
    {"before no rule", "M+ 1 - - - 0 65535 9", -ENOENT, "no rule 9", NULL, 0},
    {"no such rule", "M- 9", -ENOENT, "no rule 9", NULL, 0},
    {"sync daemons", "Y+ master eth0; Y+ backup eth1 7", 0, NULL, WAS "master eth0 0 1472; backup eth1 7 1472; ", 2},
    {"sync daemon twice", "Y+ master eth0; Y+ master eth1", -EEXIST, "master sync daemon runs", NULL, 0},
    {"sync daemon stopped", "Y+ master eth0; Y- master", 0, NULL, NULL, 0},
    {"no sync daemon", "Y- backup", -ESRCH, "no backup", NULL, 0},
    {"no such interface", "Y+ master nosuch0", -ENODEV, "nosuch0", NULL, 0},
    {"sync id", "Y+ master eth0 256", -ERANGE, "id 256", NULL, 0},
    {"sync and families", "D+ " WEB " 2001:db8::11 80 tunnel 1; Y+ master eth0", -EINVAL, "family", NULL, 0},
    {"families and sync", "Y+ master eth0; D+ " WEB " 2001:db8::11 80 tunnel 1", -EINVAL, "sync daemon", NULL, 0},
    {"none after all kinds",
	"set drop_entry 1; M+ 7 - - - 0 65535; Y+ backup eth0; timeouts 1 2 3; S~ " WEB " sh persist=9 allow=10.0.0.0/8; clear; S- " WEB,
	-ESRCH, "no service", NULL, 0},
    {"zero all", "zero", 0, NULL, NULL, 0},
    {"zero one", "zero " WEB, 0, NULL, NULL, 0},
    {"zero no service", "zero tcp 192.0.2.1 81", -ESRCH, "no service", NULL, 0},
};

static void start(struct model *model)
{
	struct model_error error;
	struct txn txn;

	model_init(model);
	model->timeouts = (struct model_timeouts){900, 120, 300};
	txn_begin(&txn, model);
	assert_int_equal(script_apply(&txn, START, &error), 0);
	txn_end(&txn);
}

static void assert_model(const struct model *model, const char *expected)
{
	char *text = script_print(model);

	assert_string_equal(text, expected);
	free(text);
}

/* Counts and hash tables agree with the lists. */
static void assert_whole(const struct model *model)
{
	struct list *at, *safe, *dest_at, *dest_safe;
	unsigned svcs = 0, dests = 0;

	list_each (at, safe, &model->svcs) {
		struct svc *svc = container_of(at, struct svc, link);
		unsigned own = 0;

		svcs++;
		assert_ptr_equal(model_svc(model, &svc->key), svc);
		list_each (dest_at, dest_safe, &svc->dests) {
			struct dest *dest = container_of(dest_at, struct dest, link);

			own++;
			assert_ptr_equal(model_dest(svc, model, &dest->key), dest);
		}
		assert_int_equal(own, svc->dest_count);
		dests += own;
	}
	assert_int_equal(svcs, model->svc_count);
	assert_int_equal(svcs, model->svc_tab.count);
	assert_int_equal(dests, model->dest_count);
	assert_int_equal(dests, model->dest_tab.count);
}

static void run_row(void **state)
{
	const struct row *row = *state;
	struct model_error error = {""};
	struct model model;
	struct diff diff;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, row->script, &error), row->err);
	if (row->err) {
		assert_non_null(strstr(error.text, row->sentence));
		txn_undo(&txn);
	}
	assert_int_equal(diff_init(&diff, &txn), 0);
	assert_int_equal(diff.count, row->changed);
	diff_fini(&diff);
	txn_end(&txn);
	assert_model(&model, row->then ? row->then : WAS);
	assert_whole(&model);
	model_fini(&model);
}

/* Every row's transaction, undone, leaves the model as it was: also the places in the lists. */
static void undo_row(void **state)
{
	const struct row *row = *state;
	struct model_error error;
	struct model model;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	script_apply(&txn, row->script, &error);
	txn_undo(&txn);
	txn_end(&txn);
	assert_model(&model, WAS);
	assert_int_equal(model.timeouts.tcp, 900);
	assert_int_equal(model.timeouts.udp, 300);
	assert_whole(&model);
	model_fini(&model);
}

static void timeouts_keep_what_is_0(void **state)
{
	struct model_error error;
	struct model model;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, "timeouts 100 0 5", &error), 0);
	txn_end(&txn);
	assert_int_equal(model.timeouts.tcp, 100);
	assert_int_equal(model.timeouts.tcpfin, 120);
	assert_int_equal(model.timeouts.udp, 5);
	model_fini(&model);
}

/* Each service is touched once, however often it is changed. */
static void touched_once(void **state)
{
	struct list *at, *safe;
	struct model_error error;
	struct model model;
	struct txn txn;
	int n = 0;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(script_apply(&txn, "S~ " WEB " lc; D- " WEB " 192.0.2.11 8080; S- " WEB "; S+ " WEB " rr; zero", &error), 0);
	list_each (at, safe, &txn.touched)
		n++;
	assert_int_equal(n, 1);
	txn_end(&txn);
	model_fini(&model);
}

static void add_dests(struct txn *txn, struct sl_svc_key svc, unsigned count)
{
	struct op op = {.kind = OP_DEST_ADD, .server = {.fwd = SL_FWD_MASQ, .weight = 1}, .svc = svc};
	struct model_error error;

	for (unsigned port = 1; port <= count; port++) {
		op.dest = script_dest_key("192.0.2.11", port);
		assert_int_equal(txn_apply(txn, &op, &error), 0);
	}
}

static void limits(void **state)
{
	struct op op = {.kind = OP_SVC_ADD};
	struct model_error error;
	struct model model;
	struct txn txn;

	model_init(&model);
	txn_begin(&txn, &model);
	op.svc = script_svc_key("tcp", "192.0.2.1", 80);
	assert_int_equal(txn_apply(&txn, &op, &error), 0);
	for (unsigned i = 1; i < SL_MAX_SVCS - 1; i++) {
		op.svc = script_svc_key("udp", "192.0.2.1", 1 + i % 65535);
		assert_int_equal(txn_apply(&txn, &op, &error), 0);
	}
	op.svc = script_svc_key("tcp", "192.0.2.1", 65535);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	add_dests(&txn, script_svc_key("tcp", "192.0.2.1", 80), SL_MAX_SVC_DESTS);
	op = (struct op){.kind = OP_DEST_ADD, .server = {.fwd = SL_FWD_MASQ, .weight = 1}, .svc = script_svc_key("tcp", "192.0.2.1", 80)};
	op.dest = script_dest_key("192.0.2.12", 1);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "the service has"));
	add_dests(&txn, script_svc_key("udp", "192.0.2.1", 2), SL_MAX_SVC_DESTS);
	op.svc = script_svc_key("udp", "192.0.2.1", 3);
	add_dests(&txn, op.svc, SL_MAX_DESTS - 1 - 2 * SL_MAX_SVC_DESTS);
	assert_int_equal(txn_apply(&txn, &op, &error), -ENOSPC);
	assert_non_null(strstr(error.text, "there are"));
	assert_whole(&model);
	txn_end(&txn);
	model_fini(&model);
}

static void diff_says_what(void **state)
{
	static const char *const lines[] = {
	    "~ tcp 192.0.2.1:80 wrr",
	    "- tcp 192.0.2.1:80 -> 192.0.2.12:80 Route weight 2",
	    "+ udp [2001:db8::1]:53 -> [2001:db8::9]:53 Masq weight 4",
	};
	struct model_error error;
	char text[DIFF_TEXT];
	struct model model;
	struct diff diff;
	struct txn txn;

	start(&model);
	txn_begin(&txn, &model);
	assert_int_equal(
	    script_apply(&txn, "S~ " WEB " wrr; D- " WEB " 192.0.2.12 80; D+ udp 2001:db8::1 53 2001:db8::9 53 masq 4", &error), 0);
	assert_int_equal(diff_init(&diff, &txn), 0);
	assert_int_equal(diff.count, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(diff_text(&diff.items[i], text), lines[i]);
	diff_fini(&diff);
	txn_end(&txn);
	model_fini(&model);
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
	static char names[2 * ROWS][100];
	static struct CMUnitTest tests[2 * ROWS + 4];
	size_t n = 0;

	for (size_t i = 0; i < 2 * ROWS; i++) {
		const struct row *row = &rows[i % ROWS];

		snprintf(names[i], sizeof(names[i]), "%s%s", i < ROWS ? "" : "undo: ", row->name);
		for (char *c = names[i]; *c; c++)
			*c = *c == ' ' || *c == ',' || *c == ':' ? '_' : *c;
		tests[n++] =
		    (struct CMUnitTest){.name = names[i], .test_func = i < ROWS ? run_row : undo_row, .initial_state = (void *)row};
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(timeouts_keep_what_is_0);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(touched_once);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(limits);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(diff_says_what);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
