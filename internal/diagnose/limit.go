package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// limit tries the shared limiter. A limiter in memory needs no check.
func (r *run) limit(ctx context.Context) {
	const subject = "limit"
	if r.Limit == nil {
		return
	}
	fence, err := r.Limit(ctx)
	unfit, isUnfit := errors.AsType[*redislimit.UnfitError](err)
	switch {
	case isUnfit && !unfit.Passes():
		r.mistake(subject, err.Error(), r.Variables.limitRemedy(err))
	case err != nil:
		r.fail(subject, err.Error(), r.Variables.limitRemedy(err))
	case fence > 0:
		r.warn(subject, fmt.Sprintf("calls are refused for another %v, because Redis may have lost counts", fence),
			"Wait: after that they are admitted again.")
	default:
		r.ok(subject, "counted in Redis, which evicts nothing")
	}
}

// ExplainLimit returns an error of the shared limiter and its remedy in one line.
func (v Variables) ExplainLimit(err error) string {
	return Finding{Text: err.Error(), Remedy: v.limitRemedy(err)}.String()
}

// limitRemedy returns what an administrator can do about an error of the shared limiter. It is never
// empty.
func (v Variables) limitRemedy(err error) string {
	if unfit, ok := errors.AsType[*redislimit.UnfitError](err); ok {
		return strings.ReplaceAll(limitRemedies[unfit.Defect], redisPlace, v.redisURL())
	}
	if errors.Is(err, redislimit.ErrSlow) {
		return "Use a Redis in the same region as the service: each call asks it, and waits for 40 ms at most."
	}
	return cmp.Or(v.Remedy(err), "Check "+v.redisURL()+", and that this machine reaches Redis there.")
}

// redisPlace is replaced in remedies by the place of the URL of Redis.
const redisPlace = "{redis url}"

// noCluster is the remedy for services that spread keys over servers.
const noCluster = "In Azure Managed Redis, choose the clustering policy NoCluster."

// limitRemedies maps defects of Redis to what to do about them.
var limitRemedies = map[redislimit.Defect]string{
	redislimit.Evicts:  "Set maxmemory-policy to noeviction; in Azure, the eviction policy NoEviction.",
	redislimit.NoRunID: "Use Redis or Valkey itself, which report a run_id in INFO server. " + noCluster,
	redislimit.NoPassword: "Put the password into " + redisPlace + ", such as rediss://:PASSWORD@HOST:6380, or in " +
		"Azure set CONNECTOR_REDIS_SIGN_IN=entra.",
	redislimit.WrongPassword: "Check the user name and the password in " + redisPlace + ", in which " +
		"every character but letters, digits and - . _ ~ is percent-encoded. With CONNECTOR_REDIS_SIGN_IN=entra, " +
		"give the app access to the Redis.",
	redislimit.Forbidden: "Allow the user of " + redisPlace + " the commands select, info, eval, evalsha, time, get, " +
		"set, hmget, hset and hincrby.",
	redislimit.ForbiddenKeys: "Allow the user of " + redisPlace + " the keys {partner-center-connector}:*.",
	redislimit.NoCommand:     "Use a Redis that has scripts: undo its rename-command, or choose another service.",
	redislimit.NoDatabase:    "Name a database in " + redisPlace + " that the Redis has, or none.",
	redislimit.Full:          "Raise maxmemory, or remove other keys. A connection needs up to 1 kB.",
	redislimit.CannotSave:    "Fix what keeps the Redis from saving, which its log names, or switch saving off.",
	redislimit.ReadOnly: "Name the primary in " + redisPlace + ". If it changes, name the Sentinels: " +
		"redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY.",
	redislimit.OtherType:      "Delete the keys {partner-center-connector}:* of the Redis, or use another database.",
	redislimit.TooManyClients: "Raise maxclients. An instance keeps 5 connections.",
	redislimit.Protected:      "Set a password, or switch protected-mode off.",
	redislimit.CrossSlot:      noCluster,
	redislimit.Moved: "Let this machine reach every node of the cluster, or wait until it has replaced the node. " +
		noCluster,
	redislimit.SpeaksTLS: "Write rediss:// in place of redis:// in " + redisPlace + ".",
	redislimit.SpeaksPlain: "Write redis:// in place of rediss:// in " + redisPlace + ", or the port on which the " +
		"Redis speaks TLS.",
	redislimit.Untrusted: "Name the file of its authority's certificate in CONNECTOR_REDIS_CA_FILE, and in " +
		redisPlace + " the host that the certificate is for.",
	redislimit.IsSentinel: "Write redis+sentinel://HOST:PORT/PRIMARY in " + redisPlace + ".",
	redislimit.NoSentinel: "Name Sentinels in " + redisPlace + ", by default on port 26379, or write redis:// for " +
		"the server itself.",
	redislimit.UnknownPrimary: "Write the name in " + redisPlace + " that the Sentinels have after sentinel monitor.",
}
