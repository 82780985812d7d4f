package config

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/secretfile"
)

// Redis is a server in which all instances count calls. Its credentials cannot be printed; the user
// name is one of them, because a password that is given without a colon before it is taken for a
// user name.
type Redis struct {
	Address  string // host:port
	Username Secret // empty: the default user
	Password Secret // empty: none
	Database int
	TLS      bool
}

var errRedisURL = errors.New("redis://HOST:PORT/DATABASE or, with TLS, rediss://USER:PASSWORD@HOST:PORT/DATABASE")

// redis reads the URL of a Redis from its variable or from the file that its twin names. It returns
// nil if there is none.
func (l *loader) redis(value, path string) *Redis {
	setting := "CONNECTOR_REDIS_URL"
	if path != "" {
		if value != "" {
			l.reportBoth(setting)
			return nil
		}
		setting += "_FILE"
		value = string(l.secretFile(setting, path, secretfile.CheckToken))
	}
	if value == "" {
		return nil
	}
	r, err := parseRedisURL(value)
	if err != nil {
		l.report(setting, err.Error(), "rediss://:password@redis.contoso.com:6380")
		return nil
	}
	return r
}

// parseRedisURL parses a URL of the schemes redis and rediss. The port is 6379 and the database 0
// unless given. Parameters are refused, because they could turn off what the limit relies on. The
// error contains no part of the URL, which may be a password.
func parseRedisURL(text string) (*Redis, error) {
	u, err := url.Parse(text)
	if (err != nil) || ((u.Scheme != "redis") && (u.Scheme != "rediss")) || (u.Hostname() == "") {
		return nil, errRedisURL
	}
	if (u.RawQuery != "") || u.ForceQuery || (u.Fragment != "") {
		return nil, errRedisURL
	}
	r := &Redis{Username: Secret(u.User.Username()), TLS: u.Scheme == "rediss"}
	password, _ := u.User.Password()
	r.Password = Secret(password)
	port := u.Port()
	if port == "" {
		port = "6379"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, errRedisURL
	}
	r.Address = net.JoinHostPort(u.Hostname(), port)
	if database := strings.Trim(u.Path, "/"); database != "" {
		n, err := strconv.ParseUint(database, 10, 31)
		if err != nil {
			return nil, errRedisURL
		}
		r.Database = int(n)
	}
	return r, nil
}
