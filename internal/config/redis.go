package config

import (
	"cmp"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/partner-center/connector/internal/secretfile"
)

// A Redis is a server in which all instances count calls. Its credentials cannot be printed. That
// includes the user name, because a password written without a leading colon is parsed as a user
// name.
type Redis struct {
	Setting   string   // the variable that the URL is from, CONNECTOR_REDIS_URL or its _FILE twin
	Address   string   // host:port; empty with Sentinels
	Sentinels []string // host:port of each
	Primary   string   // name of the server that the Sentinels watch
	Username  Secret   // empty: the default user, or with Entra the app
	Password  Secret   // empty: none
	Database  int
	TLS       bool
	Roots     *x509.CertPool // authorities of its certificate; nil: the system's
	Entra     bool           // the password is a token of the app from Entra ID
}

// Errors describe the expected form of a URL. They are the errors for every malformed one, so that no
// part of a password is printed.
var (
	errRedisURL = errors.New("redis://HOST:PORT/DATABASE or, with TLS, rediss://USER:PASSWORD@HOST:PORT/DATABASE")
	errSentinel = errors.New("redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY/DATABASE or, with TLS, rediss+sentinel://")
	errHosts    = errors.New("one host: of a cluster name any node, and for Sentinels use " +
		"redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY")
)

// redis parses the settings of a Redis. It returns nil if no URL is set.
func (l *loader) redis(f Flags) *Redis {
	setting, value := "CONNECTOR_REDIS_URL", f.RedisURL
	if f.RedisURLFile != "" {
		if value != "" {
			l.reportBoth(setting)
			return nil
		}
		setting += "_FILE"
		value = string(l.secretFile(setting, f.RedisURLFile, secretfile.CheckToken))
	}
	l.oneOf("CONNECTOR_REDIS_SIGN_IN", f.RedisSignIn, "password", Entra)
	if value == "" {
		if f.RedisCAFile != "" {
			l.report("CONNECTOR_REDIS_CA_FILE", "unset without CONNECTOR_REDIS_URL", "")
		}
		if f.RedisSignIn == Entra {
			l.report("CONNECTOR_REDIS_SIGN_IN", "unset without CONNECTOR_REDIS_URL", "")
		}
		return nil
	}
	r, err := parseRedisURL(value)
	if err != nil {
		l.report(setting, err.Error(), "rediss://:password@redis.contoso.com:6380")
		return nil
	}
	r.Setting, r.Entra = setting, f.RedisSignIn == Entra
	if r.Entra && (!r.TLS || (r.Password != "")) {
		l.report(setting, "rediss:// without a password, because CONNECTOR_REDIS_SIGN_IN is entra",
			"rediss://redis.contoso.com:10000")
	}
	if f.RedisCAFile != "" {
		r.Roots = l.authorities("CONNECTOR_REDIS_CA_FILE", f.RedisCAFile)
		if !r.TLS {
			l.report("CONNECTOR_REDIS_CA_FILE", "unset with redis://, which uses no certificate; use rediss://", "")
		}
	}
	return r
}

// authorities reads a file of certificates in PEM.
func (l *loader) authorities(setting, path string) *x509.CertPool {
	text, err := os.ReadFile(path)
	if err != nil {
		l.report(setting, unreadable(path, err), "")
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		l.report(setting, path+" has no certificate in PEM", "")
	}
	return pool
}

// parseRedisURL parses a URL of a server or, with the suffix +sentinel of its scheme, of Sentinels.
// The default ports are 6379 and 26379, and the default database 0. Query parameters are rejected:
// they could disable client options that the limiter relies on. The error contains no part of the
// URL, which may have a password.
func parseRedisURL(text string) (*Redis, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	scheme, isSentinel := strings.CutSuffix(scheme, "+sentinel")
	malformed := errRedisURL
	if isSentinel {
		malformed = errSentinel
	}
	authority, path, _ := strings.Cut(rest, "/")
	at := strings.IndexByte(authority, '@')
	hosts := strings.Split(authority[at+1:], ",")
	// net/url does not know several hosts, so it parses the URL with the first one.
	u, err := url.Parse(scheme + "://" + authority[:at+1] + hosts[0] + "/" + path)
	if (err != nil) || ((u.Scheme != "redis") && (u.Scheme != "rediss")) || (u.RawQuery != "") || u.ForceQuery ||
		(u.Fragment != "") {
		return nil, malformed
	}
	password, _ := u.User.Password()
	r := &Redis{Username: Secret(u.User.Username()), Password: Secret(password), TLS: u.Scheme == "rediss"}
	database := strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), "/")
	if isSentinel {
		r.Primary, database, _ = strings.Cut(database, "/")
		if r.Sentinels = addresses(hosts, "26379"); (r.Sentinels == nil) || !primaryForm.MatchString(r.Primary) {
			return nil, errSentinel
		}
	} else {
		all := addresses(hosts, "6379")
		if len(all) != 1 {
			if len(all) > 1 {
				malformed = errHosts
			}
			return nil, malformed
		}
		r.Address = all[0]
	}
	if database != "" {
		n, err := strconv.ParseUint(database, 10, 31)
		if err != nil {
			return nil, malformed
		}
		r.Database = int(n)
	}
	return r, nil
}

// primaryForm matches a name that Sentinels can have for a primary.
var primaryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// addresses returns host:port for each host, with a default port. It returns nil if one is malformed.
func addresses(hosts []string, port string) []string {
	var all []string
	for _, host := range hosts {
		u, err := url.Parse("redis://" + host)
		if (err != nil) || (u.Hostname() == "") || (u.Host != host) {
			return nil
		}
		if strings.Contains(u.Hostname(), ":") && !strings.HasPrefix(host, "[") { // IPv6 without brackets
			return nil
		}
		own := cmp.Or(u.Port(), port)
		if n, err := strconv.ParseUint(own, 10, 16); (err != nil) || (n == 0) {
			return nil
		}
		all = append(all, net.JoinHostPort(u.Hostname(), own))
	}
	return all
}
