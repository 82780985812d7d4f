package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme scores the answer that the documentation shows and compares the report with the one
// shown below it, in which … stands for any lines.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	answers := filepath.Join(t.TempDir(), "answers.jsonl")
	if err := os.WriteFile(answers, []byte(blockOf(t, string(page), "json")), 0o600); err != nil {
		t.Fatal(err)
	}
	var report strings.Builder
	if status := run([]string{"--requests", published, answers}, &report, os.Stderr); status != exitWrong {
		t.Errorf("status %d", status)
	}
	pattern := strings.ReplaceAll(regexp.QuoteMeta(blockOf(t, string(page), "text")), "…\n", "(?:.*\n)+")
	if !regexp.MustCompile("^" + pattern + "$").MatchString(report.String()) {
		t.Errorf("the report is\n%s", report.String())
	}
}

// blockOf returns the first block of code in a language.
func blockOf(t *testing.T, page, language string) string {
	t.Helper()
	block := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```").FindStringSubmatch(page)
	if block == nil {
		t.Fatalf("the page has no block of %s", language)
	}
	return block[1]
}
