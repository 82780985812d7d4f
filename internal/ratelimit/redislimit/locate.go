package redislimit

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/gomodule/redigo/redis"
)

// maxMoves bounds how often one attempt to connect follows a cluster from node to node.
const maxMoves = 3

// A locator finds the address of the server that holds the counters: the configured one, the node of
// a cluster to which that one refers, or the primary that Sentinels name. It is not safe for
// concurrent use.
type locator struct {
	address   string   // empty with Sentinels
	sentinels []string // addresses
	primary   string   // name of the primary that the Sentinels watch

	found string // what find returned last; empty: nothing yet
	node  string // of the cluster, to which another one referred; empty: none
	ask   bool   // ask the configured address although a node is known
}

// find returns the address to connect to.
func (l *locator) find(ctx context.Context, ask askSentinel) (address string, err error) {
	switch {
	case len(l.sentinels) > 0:
		address, err = l.askSentinels(ctx, ask)
	case (l.node != "") && !l.ask:
		address = l.node
	default:
		address = l.address
	}
	if err == nil {
		l.found = address
	}
	return address, err
}

// follow makes find return the node that err refers to, and reports whether err does.
func (l *locator) follow(err error) bool {
	node, moved := movedTo(err)
	if !moved {
		return false
	}
	l.node, l.ask = l.nodeAddress(node), false
	return true
}

// nodeAddress returns the address of a node as a MOVED error writes it: HOST:PORT, with an IPv6
// address without brackets. A node that does not know its name has none; its host is the one that
// referred to it.
func (l *locator) nodeAddress(node string) string {
	colon := strings.LastIndexByte(node, ':')
	if colon < 0 {
		return node
	}
	host, port := strings.Trim(node[:colon], "[]"), node[colon+1:]
	if host == "" {
		host, _, _ = net.SplitHostPort(l.found)
	}
	return net.JoinHostPort(host, port)
}

// failed records that the address that find returned could not be used, because of err, and returns
// the error to report. If the address was that of a node to which another one had referred, that one
// may know another node by now; but if it is away itself, the node may be back.
func (l *locator) failed(err error) error {
	node := l.node
	refers := (node != "") && (node == l.found)
	l.ask = !l.ask
	if network, ok := errors.AsType[*net.OpError](err); refers && ok && (network.Op == "dial") {
		return &UnfitError{Defect: Moved, Detail: node, Err: err}
	}
	return err
}

// tlsName returns the name that the certificate at an address must have. The nodes of a cluster whose
// addresses have no names have the certificate of the configured one.
func (l *locator) tlsName(address string) string {
	host, _, _ := net.SplitHostPort(address)
	if (address == l.node) && (net.ParseIP(host) != nil) {
		host, _, _ = net.SplitHostPort(l.address)
	}
	return host
}

// An askSentinel function is Limiter.askSentinel.
type askSentinel func(ctx context.Context, sentinel, primary string) (string, error)

// askSentinels returns the address that most of the Sentinels name: after a failover, one of them may
// not know of it yet. All are asked at the same time, because some may be away.
func (l *locator) askSentinels(ctx context.Context, ask askSentinel) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, heartbeatInterval)
	defer cancel()
	addresses, failures := make([]string, len(l.sentinels)), make([]error, len(l.sentinels))
	var group sync.WaitGroup
	for i, sentinel := range l.sentinels {
		group.Go(func() {
			addresses[i], failures[i] = ask(ctx, sentinel, l.primary)
		})
	}
	group.Wait()
	votes := map[string]int{}
	most := ""
	for _, address := range addresses {
		votes[address]++
		if (address != "") && (votes[address] > votes[most] || (most == "")) {
			most = address
		}
	}
	if most != "" {
		return most, nil
	}
	failure := failures[0]
	if i := slices.IndexFunc(failures, func(err error) bool { return classify(err) != nil }); i >= 0 {
		failure = failures[i] // says more than a Sentinel that is away
	}
	return "", fmt.Errorf("no Sentinel names a server: %w", failure)
}

// askSentinel returns the address of a primary that the Sentinel at an address watches. The Sentinel
// may have the server's password or none.
func (l *Limiter) askSentinel(ctx context.Context, sentinel, primary string) (string, error) {
	address, err := l.askAs(ctx, l.sign, sentinel, primary)
	if hasPrefix(err, "WRONGPASS") {
		return l.askAs(ctx, anonymous, sentinel, primary)
	}
	return address, err
}

// askAs is askSentinel with credentials.
func (l *Limiter) askAs(ctx context.Context, sign signer, sentinel, primary string) (string, error) {
	d := l.dialer
	d.database = 0
	s, err := d.open(ctx, sentinel, l.locator.tlsName(sentinel), sign)
	if err != nil {
		return "", err
	}
	defer s.close()
	replies, err := s.run(ctx, command{"SENTINEL", []any{"GET-MASTER-ADDR-BY-NAME", primary}})
	switch {
	case (err != nil) && strings.Contains(err.Error(), "unknown command"):
		return "", &UnfitError{Defect: NoSentinel, Detail: sentinel, Err: err}
	case err != nil:
		return "", err
	}
	answer, err := redis.Strings(replies[0], nil)
	switch {
	case errors.Is(err, redis.ErrNil):
		return "", &UnfitError{Defect: UnknownPrimary, Detail: primary, Err: err}
	case (err != nil) || (len(answer) != 2):
		return "", errors.New("a Sentinel's answer is no address")
	}
	return net.JoinHostPort(answer[0], answer[1]), nil
}
