package secretfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadToken(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    string // empty: an error
		says    string // in the error
	}{
		"returns a line":                       {"hush", "hush", ""},
		"drops the line break at the end":      {"hush\r\n", "hush", ""},
		"drops several line breaks at the end": {"hush\n\n", "hush", ""},
		"names an empty file":                  {"\n", "", "it is empty: write the value"},
		"names a byte-order mark": {
			"\ufeffhush", "", "it begins with a byte-order mark: save it as plain UTF-8",
		},
		"names little-endian UTF-16": {
			"\xff\xfeh\x00u\x00s\x00h\x00\r\x00\n\x00", "", "it is UTF-16 text: save it as plain UTF-8",
		},
		"names big-endian UTF-16":               {"\xfe\xff\x00h\x00u\x00s\x00h", "", "it is UTF-16 text"},
		"names UTF-16 without a mark":           {"h\x00u\x00s\x00h\x00", "", "it is UTF-16 text"},
		"names a second line":                   {"hush\nhush", "", "it has more than one line of text"},
		"names a blank at the start":            {" hush", "", "it begins with a blank: remove it"},
		"names a blank at the end":              {"hush\t\n", "", "it ends with a blank"},
		"names a blank inside":                  {"hu sh", "", "it has a blank inside"},
		"names a no-break space":                {"hu\u00a0sh", "", "it has a blank inside"},
		"names a character without a width":     {"hu\u200bsh", "", "it has a blank inside"},
		"names a byte-order mark in the middle": {"hu\ufeffsh", "", "it has a blank inside"},
		"names a file of blanks alone":          {"  \n", "", "it has nothing but blanks"},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, c.content)
			got, err := ReadToken("CONNECTOR_X_FILE", path)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Fatalf("ReadToken = %q, %v, want %q", got, err, c.want)
			}
			if err == nil {
				return
			}
			if text := err.Error(); !strings.HasPrefix(text, "CONNECTOR_X_FILE: "+path+": "+c.says) ||
				strings.Contains(text, "hu") {
				t.Errorf("the error is %q, want %q", text, c.says)
			}
			if errors.Is(err, ErrEmpty) != (c.content == "\n") {
				t.Errorf("ErrEmpty for %q", c.content)
			}
		})
	}
}

func TestReadText(t *testing.T) {
	t.Run("accepts blanks, which passwords may have", func(t *testing.T) {
		if got, err := ReadText("CONNECTOR_X_FILE", write(t, " correct horse \n")); got != " correct horse " ||
			err != nil {
			t.Errorf("ReadText = %q, %v", got, err)
		}
	})
	t.Run("refuses UTF-16", func(t *testing.T) {
		if _, err := ReadText("CONNECTOR_X_FILE", write(t, "\xff\xfeh\x00")); err == nil {
			t.Error("UTF-16 was read")
		}
	})
	t.Run("says why a file cannot be read", func(t *testing.T) {
		_, err := ReadText("CONNECTOR_X_FILE", "absent/file")
		const want = "CONNECTOR_X_FILE: absent/file: no such file or directory: " +
			"name a file that the service's user may read"
		if !errors.Is(err, fs.ErrNotExist) || (err.Error() != want) {
			t.Errorf("the error is %v", err)
		}
	})
}

func TestCheckEnds(t *testing.T) {
	for value, want := range map[string]string{
		"correct horse": "", " horse": "it begins with a blank", "horse\u00a0": "it ends with a blank",
		"  ":   "it has nothing but blanks",
		"a\nb": "it has more than one line of text",
	} {
		t.Run(value, func(t *testing.T) {
			err := CheckEnds(value)
			if (err == nil) != (want == "") || err != nil && err.Error() != want {
				t.Errorf("CheckEnds = %v, want %q", err, want)
			}
			if (err != nil) != (Remedy(err) != "") {
				t.Errorf("the remedy for %v is %q", err, Remedy(err))
			}
		})
	}
}
