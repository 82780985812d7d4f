package diagnose

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
)

// shared is the address space that carriers and clouds use inside their networks (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// refusedOnWindows is WSAECONNREFUSED, which syscall.ECONNREFUSED does not stand for.
const refusedOnWindows = syscall.Errno(10061)

// address tries to resolve the name of the public URL. An address in place of a name, and localhost,
// serve to try the service out and are not judged. It returns false if there is no address. Private
// addresses are no finding: within a network, a name may have others than outside.
func (p *publicCheck) address(ctx context.Context) bool {
	host := p.url.Hostname()
	if _, err := netip.ParseAddr(host); (err == nil) || (host == "localhost") {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, publicTimeout)
	defer cancel()
	lookUp := p.LookUp
	if lookUp == nil {
		lookUp = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	addresses, err := lookUp(ctx, host)
	if err != nil {
		return p.unresolved(err)
	}
	for _, a := range addresses {
		if !private(a.Unmap()) {
			return true
		}
	}
	if len(addresses) > 0 {
		p.private = addresses[0].Unmap()
	}
	return true
}

// private reports whether an address cannot be reached from other networks.
func private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || shared.Contains(a)
}

// unresolved reports that the name has no address.
func (p *publicCheck) unresolved(err error) bool {
	host := p.url.Hostname()
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return p.foundAnywhere(Warn, "the name "+host+" does not resolve",
			"Create its DNS record, or correct CONNECTOR_PUBLIC_URL: the platform resolves it in the public DNS.")
	}
	return p.foundAnywhere(Warn, "the name "+host+" cannot be looked up from this machine",
		"Check the name server of this machine, or run this command on another.")
}

// unreachable reports that there was no response, and why. A private address explains it: the rest
// of what is known is about that address.
func (p *publicCheck) unreachable(v visit, err error) bool {
	if text, remedy, ok := certificateProblem(err, p.PublicURL); ok {
		return p.found(Fail, text, remedy)
	}
	if text, remedy, ok := p.handshake(err); ok {
		return p.found(Fail, text, remedy)
	}
	if p.private.IsValid() {
		return p.foundAnywhere(Warn, fmt.Sprintf("%s has private addresses only, such as %v, and does not answer there",
			p.url.Hostname(), p.private), "Start the service, which this command does not, and give the host a public "+
			"address: the platform reaches no other. If this machine has a DNS of its own, ask a public one whether "+
			"the name has one.")
	}
	text, remedy := p.silence(v, err)
	return p.foundAnywhere(Warn, text, remedy)
}

// handshake explains an error of TLS that is not about the certificate. The alerts are texts of
// crypto/tls, which has a fixed table of them.
func (p *publicCheck) handshake(err error) (text, remedy string, ok bool) {
	var network *net.OpError
	alert := ""
	if errors.As(err, &network) && (network.Op == "remote error") {
		alert = network.Err.Error()
	}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return p.PublicURL + " does not speak https", "Let the proxy end TLS on that port, or name the port that " +
			"speaks https: the platform calls https only.", true
	case strings.Contains(alert, "protocol version"), strings.Contains(err.Error(), "unsupported protocol version"):
		return p.PublicURL + " speaks no TLS 1.2 or later", "Allow TLS 1.2 and 1.3 there.", true
	case strings.Contains(alert, "certificate required"), strings.Contains(alert, "bad certificate"):
		return p.PublicURL + " asks for a client certificate", noClientCertificates, true
	case alert != "":
		return p.PublicURL + " refuses TLS for this name (" + alert + ")", "Add the host and its certificate to the " +
			"proxy: it may have none for this name (SNI), or ask for a client certificate.", true
	}
	return "", "", false
}

// silence explains why there was no response at all.
func (p *publicCheck) silence(v visit, err error) (text, remedy string) {
	const start = "Start the service, which this command does not, and check "
	var network net.Error
	late := errors.As(err, &network) && network.Timeout()
	silent := "no answer from " + p.PublicURL
	switch {
	case errors.As(err, new(*net.DNSError)):
		return "the name " + p.url.Hostname() + " does not resolve", "Create its DNS record, or correct " +
			"CONNECTOR_PUBLIC_URL."
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, refusedOnWindows):
		return silent + ": connection refused", start + "the port and that a proxy listens there."
	case late && !v.connected:
		return silent + ": the connection times out", start + "firewalls and the address: " +
			"packets to it are lost. Some networks do not let a machine call its own public address."
	case late:
		return silent + " within " + publicTimeout.String() + ", although it can be connected to",
			start + "where the proxy forwards to, and firewalls between."
	case p.url.Scheme == "http":
		return "no usable answer from " + p.PublicURL, start + "whether that port speaks https."
	}
	return silent + ": the connection is closed",
		start + "that name, firewall and proxy lead to it, with https."
}
