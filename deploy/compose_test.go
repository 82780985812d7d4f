//go:build linux

package deploy_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
)

// TestCompose loads the file as Docker Compose does, and checks what the services may do.
func TestCompose(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{"compose.yaml"}, cli.WithEnv([]string{
		"CONNECTOR_HOST=connector.contoso.com", "CONNECTOR_TENANT_ID=" + tenantID, "CONNECTOR_CLIENT_ID=" + clientID,
	}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range project.Services {
		rights := fmt.Sprint(s.ReadOnly, s.CapDrop, s.SecurityOpt)
		if rights != "true [ALL] [no-new-privileges:true]" {
			t.Errorf("%s may do more than it needs", name)
		}
		if (len(s.Ports) > 0) != (name == "caddy") {
			t.Errorf("%s has the ports %v", name, s.Ports)
		}
		want := map[string]string{
			"connector": "[back front] []", "caddy": "[front] [NET_BIND_SERVICE]", "valkey": "[back] []",
		}
		got := fmt.Sprint(slices.Sorted(maps.Keys(s.Networks)), s.CapAdd)
		if got != want[name] {
			t.Errorf("%s has networks and capabilities %s, want %s", name, got, want[name])
		}
	}
	if caddyfile := string(read(t, "Caddyfile")); !strings.Contains(caddyfile, "reverse_proxy connector:8080 {") {
		t.Errorf("Caddy does not forward to the connector:\n%s", caddyfile)
	}
	connector := project.Services["connector"]
	environment := map[string]string{}
	for name, value := range connector.Environment {
		environment[name] = *value
		expectSetting(t, name)
	}
	files := t.TempDir()
	for _, volume := range connector.Volumes {
		folder := filepath.Join(files, volume.Target)
		os.MkdirAll(folder, 0o700)
		if filepath.Base(volume.Source) == "secrets" {
			write(t, filepath.Join(folder, "keys"), keyLine)
			write(t, filepath.Join(folder, "client-secret"), "secret")
		}
	}
	settings, err := load(environment, files)
	if err != nil {
		t.Fatal(err)
	}
	if grace := connector.StopGracePeriod; (grace == nil) || (time.Duration(*grace).Seconds() < longestStop(settings)) {
		t.Errorf("the service gets %v to stop", grace)
	}
	if host, _, _ := strings.Cut(settings.Redis.Address, ":"); project.Services[host].Name != "valkey" {
		t.Errorf("the limit is in %s", settings.Redis.Address)
	}
	if test := strings.Join(connector.HealthCheck.Test, " "); test != "CMD /connector health" {
		t.Errorf("health check %q", test)
	}
	command := strings.Join(project.Services["valkey"].Command, " ")
	if !strings.Contains(command, "--maxmemory-policy noeviction") {
		t.Errorf("the Valkey runs %q", command)
	}
}
