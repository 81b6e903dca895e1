package clientip

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestAddr(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		trusted   []netip.Prefix
		want      string
	}{
		"direct":                    {"198.51.100.7:1234", nil, proxies, "198.51.100.7"},
		"spoofed":                   {"198.51.100.7:1234", []string{"203.0.113.1"}, proxies, "198.51.100.7"},
		"no trusted proxies":        {"10.0.0.1:1", []string{"203.0.113.1"}, nil, "10.0.0.1"},
		"behind a proxy":            {"10.0.0.1:1", []string{"203.0.113.1"}, proxies, "203.0.113.1"},
		"client adds its own":       {"10.0.0.1:1", []string{"1.1.1.1, 203.0.113.1"}, proxies, "203.0.113.1"},
		"two proxies":               {"10.0.0.1:1", []string{"203.0.113.1, 10.2.3.4"}, proxies, "203.0.113.1"},
		"several header lines":      {"10.0.0.1:1", []string{"1.1.1.1", "203.0.113.1"}, proxies, "203.0.113.1"},
		"all trusted":               {"10.0.0.1:1", []string{"10.9.9.9"}, proxies, "10.9.9.9"},
		"no header":                 {"10.0.0.1:1", nil, proxies, "10.0.0.1"},
		"garbage":                   {"10.0.0.1:1", []string{"evil"}, proxies, "10.0.0.1"},
		"garbage in front":          {"10.0.0.1:1", []string{"evil, 10.1.1.1"}, proxies, "10.1.1.1"},
		"with port":                 {"10.0.0.1:1", []string{"203.0.113.1:5555"}, proxies, "203.0.113.1"},
		"IPv6":                      {"[2001:db8::1]:443", nil, proxies, "2001:db8::1"},
		"IPv6 behind a proxy":       {"[fd00::1]:443", []string{"[2001:db8::2]:99"}, proxies, "2001:db8::2"},
		"IPv6 in brackets":          {"[fd00::1]:443", []string{"[2001:db8::2]"}, proxies, "2001:db8::2"},
		"mapped IPv4 of a proxy":    {"[::ffff:10.0.0.1]:1", []string{"203.0.113.1"}, proxies, "203.0.113.1"},
		"trailing comma":            {"10.0.0.1:1", []string{"203.0.113.1,"}, proxies, "203.0.113.1"},
		"commas all over":           {"10.0.0.1:1", []string{", ,203.0.113.1,,10.2.3.4 ,\t, "}, proxies, "203.0.113.1"},
		"an empty header line":      {"10.0.0.1:1", []string{"203.0.113.1", ""}, proxies, "203.0.113.1"},
		"nothing but commas":        {"10.0.0.1:1", []string{",,"}, proxies, "10.0.0.1"},
		"quotes":                    {"10.0.0.1:1", []string{`"203.0.113.1"`}, proxies, "203.0.113.1"},
		"quotes and a port":         {"10.0.0.1:1", []string{`"203.0.113.1:4711", 10.2.3.4:80`}, proxies, "203.0.113.1"},
		"IPv6 in quotes":            {"10.0.0.1:1", []string{`"[2001:db8::2]:4711"`}, proxies, "2001:db8::2"},
		"quotes around the list":    {"10.0.0.1:1", []string{`"203.0.113.1, 10.2.3.4"`}, proxies, "203.0.113.1"},
		"a port that is none":       {"10.0.0.1:1", []string{"203.0.113.1:_x"}, proxies, "203.0.113.1"},
		"tabs":                      {"10.0.0.1:1", []string{"1.1.1.1,\t203.0.113.1\t"}, proxies, "203.0.113.1"},
		"mapped IPv4 and a port":    {"10.0.0.1:1", []string{"[::ffff:203.0.113.1]:99"}, proxies, "203.0.113.1"},
		"a hidden client":           {"10.0.0.1:1", []string{"203.0.113.1, unknown"}, proxies, "10.0.0.1"},
		"IPv6 of a proxy with port": {"10.0.0.1:1", []string{"203.0.113.1, [fd00::7]:80"}, proxies, "203.0.113.1"},
		"zone":                      {"[fe80::1%eth0]:1", nil, proxies, "fe80::1"},
		"peer without an address":   {"@", []string{"203.0.113.1"}, proxies, "invalid IP"},
		"other headers are ignored": {"10.0.0.1:1", nil, proxies, "10.0.0.1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded,
			"X-Real-Ip": {"9.9.9.9"}, "Forwarded": {"for=9.9.9.9"}}}
		if got := (Resolver{TrustedProxies: c.trusted}).Addr(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestAddrBehindUnixSockets(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for name, c := range map[string]struct {
		peer, forwarded string
		trusted         bool
		want            string
	}{
		"trusted":                 {"@", "203.0.113.1", true, "203.0.113.1"},
		"no name":                 {"", "203.0.113.1", true, "203.0.113.1"},
		"a path":                  {"/run/proxy.sock", "203.0.113.1", true, "203.0.113.1"},
		"an abstract name":        {"@proxy", "203.0.113.1", true, "203.0.113.1"},
		"a client's own address":  {"@", "1.1.1.1, 203.0.113.1", true, "203.0.113.1"},
		"another proxy":           {"@", "203.0.113.1, 10.2.3.4", true, "203.0.113.1"},
		"two sockets":             {"@", "203.0.113.1, unix:", true, "203.0.113.1"},
		"nothing forwarded":       {"@", "", true, ""},
		"not trusted":             {"@", "203.0.113.1", false, ""},
		"not trusted, two":        {"10.0.0.1:1", "203.0.113.1, unix:", false, "10.0.0.1"},
		"a name is no socket":     {"evil", "203.0.113.1", true, ""},
		"an address is no socket": {"198.51.100.7:1", "203.0.113.1", true, "198.51.100.7"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": {c.forwarded}}}
		if got := Text((Resolver{TrustedProxies: proxies, TrustUnixSockets: c.trusted}).Addr(r)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func FuzzAddr(f *testing.F) {
	f.Add("10.0.0.1:1", "203.0.113.1, 10.0.0.2")
	f.Add("[::1]:1", "[::ffff:1.2.3.4%eth0]:8")
	f.Fuzz(func(t *testing.T, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": {forwarded}}}
		everyone := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
		addr := Resolver{TrustedProxies: everyone, TrustUnixSockets: true}.Addr(r)
		if addr.Is4In6() || addr.Zone() != "" {
			t.Errorf("not in its plain form: %s", addr)
		}
	})
}
