package config

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/secretfile"
)

// A Redis is a server in which all instances count calls. Its credentials cannot be printed. That
// includes the user name, because a password written without a leading colon is parsed as a user
// name.
type Redis struct {
	Setting  string // the variable that the URL is from, CONNECTOR_REDIS_URL or its _FILE twin
	Address  string // host:port
	Username Secret // empty: the default user
	Password Secret // empty: none
	Database int
	TLS      bool
}

// errRedisURL describes the expected form. It is the error for every malformed URL, so that no part
// of a password is printed.
var errRedisURL = errors.New("redis://HOST:PORT/DATABASE or, with TLS, rediss://USER:PASSWORD@HOST:PORT/DATABASE")

// redis parses the URL of a Redis from its variable or from the file that the _FILE variable names.
// It returns nil if neither is set.
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
	r.Setting = setting
	return r
}

// parseRedisURL parses a URL with the scheme redis or rediss. The default port is 6379 and the
// default database 0. Query parameters are rejected: they could disable client options that the
// limiter relies on. The error contains no part of the URL, which may have a password.
func parseRedisURL(text string) (*Redis, error) {
	u, err := url.Parse(text)
	if (err != nil) || ((u.Scheme != "redis") && (u.Scheme != "rediss")) || (u.Hostname() == "") {
		return nil, errRedisURL
	}
	if strings.Contains(u.Host, ",") { // several servers
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
