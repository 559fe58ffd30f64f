package httpx

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/usersync/usersync/internal/usersync"
	"github.com/usersync/usersync/internal/usersync/usersynctest"
	"pgregory.net/rapid"
)

func TestMetadataAndLinkLocalAddressesAreNeverCalled(t *testing.T) {
	for _, text := range []string{
		"169.254.169.254", "169.254.170.2", "169.254.0.1", "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254", "fd20:ce::254",
		"100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0",
		"::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1",
	} {
		for _, private := range []bool{false, true} {
			if (Network{AllowPrivate: private}).allows(netip.MustParseAddr(text)) {
				t.Errorf("%s may be called where private addresses may be: %v", text, private)
			}
		}
	}
}

func TestPrivateAddressesAreCalledOnlyWhereTheOperatorAllows(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1", "100.64.0.1",
		"198.18.0.1", "0.1.2.3", "255.255.255.255", "fec0::1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::10.0.0.1", "2002:7f00:1::",
	} {
		a := netip.MustParseAddr(text)
		if (Network{}).allows(a) || !(Network{AllowPrivate: true}).allows(a) {
			t.Errorf("%s may be called: %v, where private ones may be: %v", text, Network{}.allows(a), Network{AllowPrivate: true}.allows(a))
		}
	}
	for _, text := range []string{"1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"} {
		if !(Network{}).allows(netip.MustParseAddr(text)) {
			t.Errorf("%s may not be called", text)
		}
	}
}

func TestAnAddressIsJudgedAlikeInEveryDisguise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		four := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address"))
		n := Network{AllowPrivate: rapid.Bool().Draw(t, "private")}
		plain := n.allows(netip.AddrFrom4(four))
		mapped := [16]byte{10: 0xff, 11: 0xff, 12: four[0], 13: four[1], 14: four[2], 15: four[3]}
		nat64 := [16]byte{0x00, 0x64, 0xff, 0x9b, 12: four[0], 13: four[1], 14: four[2], 15: four[3]}
		to4 := [16]byte{0x20, 0x02, four[0], four[1], four[2], four[3], 15: 1}
		for _, disguise := range [][16]byte{mapped, nat64, to4} {
			if a := netip.AddrFrom16(disguise); n.allows(a) != plain {
				t.Fatalf("%s may be called: %v, %s: %v", netip.AddrFrom4(four), plain, a, !plain)
			}
		}
	})
}

func TestAForbiddenAddressIsAFaultOfTheSettingsAndIsNotCalled(t *testing.T) {
	called := false
	srv := serve(t, func(http.ResponseWriter, *http.Request) { called = true })
	c := New(Config{Clock: usersynctest.NewClock()})
	for _, repeat := range []bool{false, true} {
		_, err := c.Do(t.Context(), Request{Name: "GET /", Method: http.MethodGet, URL: srv, Repeat: repeat})
		if !usersync.Is(err, usersync.Settings) || called {
			t.Errorf("error %v (code %s), called: %v", err, usersync.CodeOf(err), called)
		}
	}
	for _, address := range []string{"ftp://example.test/", "file:///etc/passwd", "//example.test", "http://", "http://user:pw@example.test/", "http://a b/", ":"} {
		if _, err := c.Do(t.Context(), Request{Name: "GET /", Method: http.MethodGet, URL: address}); !usersync.Is(err, usersync.Settings) {
			t.Errorf("%s: error %v (code %s), want Settings", address, err, usersync.CodeOf(err))
		}
	}
}
