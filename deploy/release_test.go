package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOneVersion checks that all files name one version, so that what they deploy fits together.
func TestOneVersion(t *testing.T) {
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`ghcr\.io/partner-center/connector:(\d[^\s"` + "`" + `]+)`),
		regexp.MustCompile(`releases/download/v(\d[\w.-]*)`),
		regexp.MustCompile(`connector_(\d[\w.-]*?)_`),
		regexp.MustCompile(`(?:tags/|--branch |connector%2F)v(\d[\w.-]*)`),
		regexp.MustCompile(`(?m)^version=(.+)$`),
		regexp.MustCompile(`\$Version = '(.+)'`),
		regexp.MustCompile(`"defaultValue": "(\d+\.\d+\.\d+[^"]*)"`),
	}
	versions, places := map[string][]string{}, map[string]bool{}
	find := func(path, text string) {
		for _, pattern := range patterns {
			for _, match := range pattern.FindAllStringSubmatch(text, -1) {
				versions[match[1]] = append(versions[match[1]], path)
				places[path] = true
			}
		}
	}
	walk(t, ".", find)
	walk(t, "../docs/deploy", find)
	walk(t, "../README.md", find)
	if len(versions) != 1 {
		t.Errorf("the versions are %v", versions)
	}
	for _, path := range []string{
		"compose.yaml", "kubernetes.yaml", "azure/template.json", "azure/deploy.sh", "azure/deploy.ps1", "../README.md",
	} {
		if !places[path] {
			t.Errorf("%s names no version", path)
		}
	}
}

// TestPinnedImages checks that every image has a tag that names a version, or a digest.
func TestPinnedImages(t *testing.T) {
	image := regexp.MustCompile(`(?m)(?:image|defaultValue)"?: "?((?:docker|ghcr)\.io/[^\s"]+:[^\s"]+)`)
	pinned := regexp.MustCompile(`:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$`)
	count := 0
	walk(t, ".", func(path, text string) {
		for _, match := range image.FindAllStringSubmatch(text, -1) {
			count++
			if !pinned.MatchString(match[1]) {
				t.Errorf("%s: %s is not pinned", path, match[1])
			}
		}
	})
	if count < 5 {
		t.Errorf("only %d images were found", count)
	}
}

// TestPinnedActions checks that workflows use actions by their commit, so that what they run cannot
// change.
func TestPinnedActions(t *testing.T) {
	uses := regexp.MustCompile(`uses: (\S+)( # v\d+\.\d+\.\d+)?`)
	pinned := regexp.MustCompile(`^[\w/-]+@[0-9a-f]{40}$`)
	commits := map[string]string{}
	walk(t, "../.github/workflows", func(path, text string) {
		for _, match := range uses.FindAllStringSubmatch(text, -1) {
			if !pinned.MatchString(match[1]) || (match[2] == "") {
				t.Errorf("%s: %s is not pinned to a commit with its version", path, match[0])
			}
			action, commit, _ := strings.Cut(match[1], "@")
			if other, ok := commits[action]; ok && (other != commit) {
				t.Errorf("%s has two versions of %s", path, action)
			}
			commits[action] = commit
		}
	})
	if len(commits) < 5 {
		t.Errorf("only %d actions were found", len(commits))
	}
}

// walk calls visit with every file below a folder that is not a test.
func walk(t *testing.T, folder string, visit func(path, text string)) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		isTest := slices.Contains([]string{".go", ".txtar"}, filepath.Ext(path))
		if (err != nil) || !d.Type().IsRegular() || isTest {
			return err
		}
		text, err := os.ReadFile(path)
		visit(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
