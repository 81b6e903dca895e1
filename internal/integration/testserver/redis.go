package testserver

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Redis returns the URL of the server. Tests share it, so each takes key names
// of its own.
func Redis(t testing.TB) string {
	t.Helper()
	return setting(t, "ALLAUTH_TEST_REDIS")
}

// RedisCluster returns the URL of a cluster, which tests share as well.
func RedisCluster(t testing.TB) string {
	t.Helper()
	return setting(t, "ALLAUTH_TEST_REDIS_CLUSTER")
}

// ConnectRedis returns a client of the server or cluster, for use until the test
// ends.
func ConnectRedis(t testing.TB, address string) redis.UniversalClient {
	t.Helper()
	var client redis.UniversalClient
	if strings.Contains(address, "addr=") {
		options, err := redis.ParseClusterURL(address)
		if err != nil {
			t.Fatal(err)
		}
		client = redis.NewClusterClient(options)
	} else {
		options, err := redis.ParseURL(address)
		if err != nil {
			t.Fatal(err)
		}
		client = redis.NewClient(options)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
