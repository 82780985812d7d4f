//go:build linux

package deploy_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestReproducibleBinary checks that two clones of the repository, in folders of different names,
// build the same binary, which needs no C library.
func TestReproducibleBinary(t *testing.T) {
	needs(t, "git", "go")
	first, second := buildRelease(t, "a"), buildRelease(t, "another folder")
	if string(read(t, first)) != string(read(t, second)) {
		t.Error("two builds of one commit differ")
	}
	if says := output(t, exec.Command(first, "version")); !strings.HasPrefix(says, "connector v0.98.7, commit ") {
		t.Errorf("the version does not come from the tag: %s", says)
	}
	const most = 40_000_000
	if size := len(read(t, first)); size > most {
		t.Errorf("the binary has %d bytes, more than %d", size, most)
	}
	if linked := output(t, exec.Command("go", "version", "-m", first)); !strings.Contains(linked, "CGO_ENABLED=0") {
		t.Errorf("built with C:\n%s", linked)
	}
	if strings.Contains(string(read(t, first)), os.TempDir()+"/") {
		t.Error("the binary has the name of the folder that it was built in")
	}
}

// buildRelease builds the binary as a release does, in a new clone of the repository.
func buildRelease(t *testing.T, folder string) string {
	t.Helper()
	clone := filepath.Join(t.TempDir(), folder)
	output(t, exec.Command("git", "clone", "--quiet", "--no-hardlinks", "..", clone))
	output(t, exec.Command("git", "-C", clone, "tag", "v0.98.7"))
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-tags=nomsgpack", "-ldflags=-s -w",
		"./cmd/connector")
	build.Dir = clone
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	output(t, build)
	return filepath.Join(clone, "connector")
}

// TestImage builds the image twice and runs it as its configuration says, with a root that cannot be
// written to.
func TestImage(t *testing.T) {
	needs(t, "buildah", "git", "go", "unshare", "chroot")
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount the image")
	}
	b := builder{t, t.TempDir()}
	context := b.context(buildRelease(t, "image"))
	first, second := b.build("oci", context), b.build("oci", b.context(buildRelease(t, "image")))
	if first != second {
		t.Errorf("two builds are %s and %s", first, second)
	}
	built := b.build("docker", context) // which, unlike buildah's other format, has the health check
	image := b.inspect(built)
	for _, c := range []struct{ what, got, want string }{
		{"user", image.User, "65532:65532"},
		{"command", strings.Join(append(image.Entrypoint, image.Cmd...), " "), "/connector serve"},
		{"health check", strings.Join(image.Healthcheck.Test, " "), "CMD /connector health"},
		{"environment", strings.Join(image.Env, " "), "CONNECTOR_LISTEN=0.0.0.0:8080"},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if _, exposed := image.ExposedPorts["8080/tcp"]; !exposed {
		t.Errorf("ports %v", image.ExposedPorts)
	}

	root := b.mount(built)
	expectFiles(t, root)
	address := fmt.Sprintf("127.0.0.1:%d", redisserver.FreePort(t))
	serve := contained(root, append(image.Env, "CONNECTOR_LISTEN="+address, "CONNECTOR_SANDBOX=true"),
		"/connector", "serve")
	serve.Stderr = os.Stderr
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		serve.Process.Signal(syscall.SIGTERM)
		serve.Wait()
	})
	until(t, "the image is healthy", func() bool {
		return contained(root, append(image.Env, "CONNECTOR_LISTEN="+address), "/connector", "health").Run() == nil
	})
	req, err := http.NewRequest(http.MethodGet, "http://"+address+"/v1/customers?Size=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", "sandbox")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if (resp.StatusCode != http.StatusOK) || !strings.Contains(string(body), "companyName") {
		t.Errorf("status %d and %s", resp.StatusCode, body)
	}
	checked := contained(root, append(image.Env, "CONNECTOR_SANDBOX=true", "CONNECTOR_SANDBOX_PUBLIC=true"), "/check")
	if text := output(t, checked); !strings.Contains(text, "App+User: answered") {
		t.Errorf("check says %s", text)
	}
}

// expectFiles checks that the image has the binary, its name check, and the one directory that can be
// written to, and nothing else.
func expectFiles(t *testing.T, root string) {
	t.Helper()
	var all []string
	fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if want := []string{".", "check", "connector", "state", "state/README"}; !slices.Equal(all, want) {
		t.Errorf("the image has %v, want %v", all, want)
	}
	info, err := os.Stat(filepath.Join(root, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner != 65532 {
		t.Errorf("/state belongs to %d", owner)
	}
}

// contained returns a command of the image: as its user, with nothing but its files, none of which can
// be changed.
func contained(root string, environment []string, args ...string) *exec.Cmd {
	const script = `mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" &&
		exec chroot --userspec=65532:65532 "$0" "$@"`
	command := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, root}, args...)...)
	command.Env = append(environment, "PATH="+os.Getenv("PATH"))
	return command
}

// A builder builds images with buildah, in a store of its own.
type builder struct {
	t     *testing.T
	store string
}

func (b builder) buildah(args ...string) string {
	b.t.Helper()
	global := []string{"--storage-driver", "vfs", "--root", b.store + "/root", "--runroot", b.store + "/run"}
	return strings.TrimSpace(output(b.t, exec.Command("buildah", append(global, args...)...)))
}

// context returns a folder with what the Dockerfile needs.
func (b builder) context(binary string) string {
	b.t.Helper()
	folder := b.t.TempDir()
	platform := filepath.Join(folder, "linux", runtime.GOARCH)
	os.MkdirAll(platform, 0o755)
	if err := os.Rename(binary, filepath.Join(platform, "connector")); err != nil {
		b.t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(folder, "deploy", "image"), os.DirFS("image")); err != nil {
		b.t.Fatal(err)
	}
	return folder
}

// build returns the ID of a new image.
func (b builder) build(format, context string) string {
	b.t.Helper()
	says := b.buildah("build", "--quiet", "--isolation", "chroot", "--format", format, "--timestamp", "0",
		"--no-cache", "--platform", "linux/"+runtime.GOARCH, "--file", "../Dockerfile", context)
	lines := strings.Split(says, "\n")
	return lines[len(lines)-1]
}

// A configuration is what an image says about how to run it.
type configuration struct {
	User            string
	Env             []string
	Entrypoint, Cmd []string
	ExposedPorts    map[string]any
	Healthcheck     struct{ Test []string }
}

func (b builder) inspect(image string) configuration {
	b.t.Helper()
	var inspected struct {
		Docker struct{ Config configuration }
	}
	if err := json.Unmarshal([]byte(b.buildah("inspect", "--type", "image", image)), &inspected); err != nil {
		b.t.Fatal(err)
	}
	return inspected.Docker.Config
}

// mount returns the root of a container of the image.
func (b builder) mount(image string) string {
	b.t.Helper()
	container := b.buildah("from", image)
	b.t.Cleanup(func() { b.buildah("umount", container) })
	return b.buildah("mount", container)
}

// needs skips the test without these programs.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	tier.Full(t)
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s, which is not on PATH", program)
		}
	}
}

// output runs a command, which must succeed.
func output(t *testing.T, command *exec.Cmd) string {
	t.Helper()
	var standardError strings.Builder
	command.Stderr = &standardError
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s%s", command.Args, err, text, standardError.String())
	}
	return string(text)
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// until waits for a condition.
func until(t *testing.T, what string, met func() bool) {
	t.Helper()
	const patience = time.Minute
	for end := time.Now().Add(patience); !met(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
