package config_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/config"
)

func TestRedisURL(t *testing.T) {
	for url, want := range map[string]config.Redis{
		"redis://127.0.0.1":          {Address: "127.0.0.1:6379"},
		"redis://127.0.0.1:6380/":    {Address: "127.0.0.1:6380"},
		"redis://redis.contoso.com/": {Address: "redis.contoso.com:6379"},
		"redis://[::1]":              {Address: "[::1]:6379"},
		"redis://[::1]:6380/15":      {Address: "[::1]:6380", Database: 15},
		"redis://limiter:hush@contoso.com/3": {
			Address: "contoso.com:6379", Username: "limiter", Password: "hush", Database: 3,
		},
		"redis+sentinel://a,b:1,[::1]/connector": {
			Sentinels: []string{"a:26379", "b:1", "[::1]:26379"}, Primary: "connector",
		},
		"rediss+sentinel://:hush@a:1/connector/7": {
			Sentinels: []string{"a:1"}, Primary: "connector", Password: "hush", Database: 7, TLS: true,
		},
		"rediss://:hu%2Fsh@contoso.com:6380": {Address: "contoso.com:6380", Password: "hu/sh", TLS: true},
	} {
		t.Run("takes "+url, func(t *testing.T) {
			f := good(t)
			f.RedisURL = url
			want.Setting = "CONNECTOR_REDIS_URL"
			got, err := config.Load(f, environment("hush"))
			if (err != nil) || !reflect.DeepEqual(got.Redis, &want) {
				t.Errorf("%#v, %v, want %#v", got.Redis, err, want)
			}
		})
	}
	for _, url := range []string{
		"localhost:6379",
		"http://localhost",
		"unix:///run/redis.sock",
		"redis://",
		"redis:///1",
		"redis://:6379",
		"redis://host/x",
		"redis://host/1/2",
		"redis://host/-1",
		"redis://host:65536",
		"redis://:hush@host:port",
		"redis://:hush@ho st",
		"redis://:hush@host?",
		"redis://:hush@host:6379,other:6379",
		"rediss://:hush@host?skip_verify=true",
		"redis://:hush@host?read_timeout=1h",
		"redis://:hush@host/hush",
		"redis://:hush@host/x#y",
		"redis://::1",
		"redis://host:0",
		"redis://:hush@a@host",
		"redis+sentinel://:hush@h1,:hush@h2/p",
		"redis+sentinel://user:123/hush@host",
		"redis+sentinel://:hush@host/a b",
		"redis+sentinel://host",
		"redis+sentinel://host/",
		"redis+sentinel:///connector",
		"redis+sentinel://:hush@a,:1/connector",
		"redis+sentinel://:hush@a,b?x=y/connector",
		"redis+sentinel://:hush@a,b:port/connector",
		"redis+sentinel://:hush@a,b/connector/x",
		"redis+sentinel://:hush@a,b/connector/1/2",
		"http+sentinel://host/connector",
	} {
		t.Run("refuses "+url, func(t *testing.T) {
			f := good(t)
			f.RedisURL = url
			_, err := config.Load(f, environment("hush"))
			if got := mistaken(err); !slices.Equal(got, []string{"CONNECTOR_REDIS_URL"}) {
				t.Fatalf("%v: %v", got, err)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
	t.Run("says what to write for several hosts", func(t *testing.T) {
		f := good(t)
		f.RedisURL = "redis://a:1,b:2"
		if _, err := config.Load(f, environment("hush")); !strings.Contains(fmt.Sprint(err), "redis+sentinel://") {
			t.Error(err)
		}
	})
	t.Run("reports it together with other mistakes", func(t *testing.T) {
		f := good(t)
		f.RedisURL, f.LimitCalls = "redis://host/x", "0"
		_, err := config.Load(f, environment("hush"))
		want := []string{"CONNECTOR_LIMIT_CALLS", "CONNECTOR_REDIS_URL"}
		if got := mistaken(err); !slices.Equal(slices.Sorted(slices.Values(got)), want) {
			t.Errorf("%v: %v", got, err)
		}
	})
	t.Run("keeps the credentials out of everything printed", func(t *testing.T) {
		r := config.Redis{Username: "hush", Password: "hush"}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, r); strings.Contains(text, "hush") {
				t.Errorf("%s: %s", verb, text)
			}
		}
	})
}
