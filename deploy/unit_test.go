//go:build linux

package deploy_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnit checks the unit as systemd reads it, and how much of the system the service can reach.
func TestUnit(t *testing.T) {
	const file = "systemd/connector.service"
	text := string(read(t, file))
	for _, setting := range regexp.MustCompile(`CONNECTOR_\w+`).FindAllString(text, -1) {
		expectSetting(t, setting)
	}
	if !strings.Contains(text, "\nExecStart=/usr/local/bin/connector serve\n") {
		t.Error("the unit does not serve")
	}
	for _, file := range regexp.MustCompile(`%d/([\w-]+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(text, "\nLoadCredential="+file[1]+":/etc/connector/"+file[1]+"\n") {
			t.Errorf("nothing loads the credential %s", file[1])
		}
	}
	for _, needed := range []string{
		"RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX", // calls; name resolution by the C library's helpers
		"SystemCallFilter=@system-service",
	} {
		if !strings.Contains(text, "\n"+needed+"\n") {
			t.Errorf("the unit has no %s", needed)
		}
	}
	if strings.Contains(text, "RestartPreventExitStatus") {
		t.Error("a crash ends with status 2, as a mistake in the settings does")
	}
	needs(t, "systemd-analyze")
	// verify looks for the program, which is not installed here.
	unit := filepath.Join(t.TempDir(), "connector.service")
	write(t, unit, strings.Replace(text, "/usr/local/bin/connector", "/bin/true", 1))
	verify := exec.Command("systemd-analyze", "verify", "--man=no", unit)
	if says, err := verify.CombinedOutput(); (err != nil) || (len(says) > 0) {
		t.Errorf("%v: %s", err, says)
	}
	const most = "20" // of 100; a unit without any protection has 96
	output(t, exec.Command("systemd-analyze", "security", "--offline=true", "--threshold="+most, unit))
}
