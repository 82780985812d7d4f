package redislimit

import (
	"context"
	"strconv"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// verify checks that a socket leads to the same server process as the first one: a different
// process may answer at the same address. It also checks that the process has evicted no keys since.
func (c *connection) verify(ctx context.Context, opened *socket) error {
	s, err := inspect(ctx, opened)
	switch {
	case err != nil:
		return err
	case c.server.run == "":
		c.server = s
	case s.run != c.server.run:
		return errOtherServer
	case s.evicted > c.server.evicted:
		return errEvicted
	}
	return nil
}

// A server is what a server process reports about itself.
type server struct {
	run     string // ID of the process
	evicted int64  // keys that it has evicted since its start; 0 if it does not report them
}

// inspect asks the server process for what it is. If it cannot count calls, the error is an
// UnfitError. INFO reports all of it, even where CONFIG is forbidden.
func inspect(ctx context.Context, opened *socket) (server, error) {
	sections, err := redis.Strings(opened.run(ctx, info("server"), info("memory"), info("stats")))
	if err != nil {
		return server{}, err
	}
	process, memory, stats := sections[0], sections[1], sections[2]
	s := server{run: infoField(process, "run_id")}
	policy := infoField(memory, "maxmemory_policy")
	switch {
	case infoField(process, "redis_mode") == "sentinel":
		return server{}, &UnfitError{Defect: IsSentinel}
	case policy != "noeviction":
		return server{}, &UnfitError{Defect: Evicts, Detail: policy}
	case s.run == "":
		return server{}, &UnfitError{Defect: NoRunID}
	}
	s.evicted, _ = strconv.ParseInt(infoField(stats, "evicted_keys"), 10, 64)
	return s, nil
}

func info(section string) command { return command{"INFO", []any{section}} }

// infoField returns the value of name in a response to INFO.
func infoField(info, name string) string {
	_, rest, _ := strings.Cut("\r\n"+info, "\r\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}
