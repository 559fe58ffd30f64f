package httpx

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"syscall"
)

// Network says which addresses may be called. Link-local, metadata, multicast and unspecified
// addresses never may, whatever it says.
type Network struct {
	AllowPrivate bool // private, shared and loopback addresses too
}

var errAddress = errors.New("the address is none that may be called")

// metadata are the addresses of clouds' metadata services that are not link-local.
var metadata = prefixes(
	"fd00:ec2::/32",      // AWS
	"fd20:ce::254/128",   // Google
	"100.100.100.200/32", // Alibaba
	"168.63.129.16/32",   // Azure
	"192.0.0.192/32",     // Oracle
)

// inner are the ranges of addresses that are nobody's on the public internet, beyond those that
// netip.Addr.IsPrivate and IsLoopback know.
var inner = prefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "fec0::/10", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
)

// carriers are ranges of IPv6 addresses that carry an IPv4 address, with the byte where it begins.
var carriers = []struct {
	prefix netip.Prefix
	at     int
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12}, // NAT64
	{netip.MustParsePrefix("2002::/16"), 2},     // 6to4
	{netip.MustParsePrefix("::/96"), 12},        // IPv4-compatible
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// control is called with the address that a name was resolved to, before it is connected to: a name
// that leads elsewhere the second time it is looked up gains nothing.
func (n Network) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !n.allows(to.Addr()) {
		return errAddress
	}
	return nil
}

// allows reports whether the address may be called.
func (n Network) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if a == netip.IPv6Loopback() {
		return n.AllowPrivate
	}
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	for _, carrier := range carriers {
		if carrier.prefix.Contains(a) && !a.IsUnspecified() {
			bytes := a.As16()
			return n.allows(netip.AddrFrom4([4]byte(bytes[carrier.at : carrier.at+4])))
		}
	}
	switch {
	case a.IsUnspecified(), a.IsLinkLocalUnicast(), a.IsMulticast(), slices.ContainsFunc(metadata, within):
		return false
	case a.IsLoopback(), a.IsPrivate(), slices.ContainsFunc(inner, within):
		return n.AllowPrivate
	}
	return true
}
