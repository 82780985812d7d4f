package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestScore runs the program on three requests, of which one needs two tools and one needs none, with
// right answers and with such as are wrong in one respect.
func TestScore(t *testing.T) {
	requests, right := fixture(t, "requests.jsonl"), fixture(t, "answers.jsonl")
	for _, c := range []struct {
		name, old, new string // what of the right answers is replaced
		status         int
		want           string // the report
	}{
		{name: "all right", want: `
language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                1              1          0
ja        1         1            1                1              1          0
all       3         3            3                3              3          0
`},
		{name: "the other beginning", old: `"CompanyNameStartsWith":"contoso"`, new: `"DomainStartsWith":"con"`, want: `
language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                1              1          0
ja        1         1            1                1              1          0
all       3         3            3                3              3          0
`},
		{name: "an extra call", old: `"calls":[],`, new: `"calls":[{"tool":"csp_list_customers"}],`, want: `
language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                1              1          0
ja        1         1            1                1              1          1
all       3         3            3                3              3          1
`},
		{name: "a beginning that is too short", old: `"contoso"`, new: `"co"`, status: 1, want: `
en-01  argument  no call csp_list_customers(CompanyNameStartsWith=Contoso) or csp_list_customers(DomainStartsWith=con)

language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            0                1              0          1
ja        1         1            1                1              1          0
all       3         3            2                3              2          1
`},
		{name: "another tool", old: "csp_get_invoice", new: "csp_list_invoices", status: 1, want: `
de-01  tool  no call csp_get_invoice(InvoiceID=G1)

language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         0            0                1              0          1
en        1         1            1                1              1          0
ja        1         1            1                1              1          0
all       3         2            2                3              2          1
`},
		{name: "a wrong answer", old: "Ana has 25.", new: "Bea has 40.", status: 1, want: `
en-01  answer  missing: 25
en-01  answer  must not be there: 40

language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                0              0          0
ja        1         1            1                1              1          0
all       3         3            3                2              2          0
`},
		{name: "no refusal", old: "できません", new: "しました", status: 1, want: `
ja-01  answer  missing: that it cannot be done

language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                1              1          0
ja        1         1            1                0              0          0
all       3         3            3                2              2          0
`},
		{name: "no answer", old: right[strings.Index(right, `{"id":"ja-01"`):], status: 1, want: `
ja-01  answer  there is no answer

language  requests  tools right  arguments right  answers right  all right  extra calls
de        1         1            1                1              1          0
en        1         1            1                1              1          0
ja        1         0            0                0              0          0
all       3         2            2                2              2          0
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := right
			if c.old != "" {
				answers = strings.Replace(right, c.old, c.new, 1)
			}
			status, stdout, stderr := runOn(t, requests, answers)
			if (status != c.status) || (stderr != "") {
				t.Errorf("status %d, expected %d: %s", status, c.status, stderr)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), stdout); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestJSON runs the program with --json.
func TestJSON(t *testing.T) {
	status, stdout, _ := runOn(t, strings.Split(fixture(t, "requests.jsonl"), "\n")[1], "", "--json")
	const want = `{
  "requests": [
    {
      "id": "de-01",
      "language": "de",
      "tools": false,
      "arguments": false,
      "answer": false,
      "extra": 0,
      "problems": [
        {
          "kind": "answer",
          "text": "there is no answer"
        }
      ]
    }
  ],
  "languages": {
    "de": {
      "requests": 1,
      "tools": 0,
      "arguments": 0,
      "answers": 0,
      "right": 0,
      "extra": 0
    }
  },
  "all": {
    "requests": 1,
    "tools": 0,
    "arguments": 0,
    "answers": 0,
    "right": 0,
    "extra": 0
  }
}
`
	if diff := cmp.Diff(want, stdout); (diff != "") || (status != 1) {
		t.Errorf("status %d: %s", status, diff)
	}
}

// TestBadFiles checks what the program says about files that it cannot read.
func TestBadFiles(t *testing.T) {
	const answer = `{"id":"en-01","calls":[],"answer":""}`
	request := func(members string) string {
		return `{"id":"en-01","language":"en","request":"?","calls":[],"facts":[["1"]]` + members + "}"
	}
	for _, c := range []struct{ name, requests, answers, want string }{
		{"nothing", "\n", "", "requests.jsonl: no requests"},
		{"no JSON", "{", "", "requests.jsonl: line 1: unexpected EOF"},
		{"not UTF-8", "\xff", "", "requests.jsonl: line 1: not UTF-8"},
		{"two values", request("") + " 1", "", "requests.jsonl: line 1: more than one JSON value"},
		{"a misspelled member", request(`,"fact":[]`), "", `unknown field "fact"`},
		{"a request twice", request("") + "\n" + request(""), "", `line 2: the id "en-01" is there twice`},
		{"an unknown language", request(`,"language":"it"`), "", `unknown language "it"`},
		{"no calls", request(`,"calls":null`), "", "calls is missing"},
		{"no facts", request(`,"facts":[]`), "", "there are no facts, and refused is not true"},
		{"an empty fact", request(`,"facts":[[]]`), "", "facts has an empty list"},
		{"an empty step", request(`,"calls":[[]]`), "", "calls has an empty list"},
		{"no text", request(`,"request":""`), "", "id and request must not be empty"},
		{"an unknown request", request(""), `{"id":"en-02","answer":""}`, `line 1: no request has the id "en-02"`},
		{"an answer twice", request(""), answer + "\n" + answer, `line 2: the id "en-01" is there twice`},
		{"no text of an answer", request(""), `{"id":"en-01"}`, "line 1: answer is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, stdout, stderr := runOn(t, c.requests, c.answers)
			if (status != 2) || (stdout != "") || !strings.Contains(stderr, c.want) {
				t.Errorf("status %d, %q, %q, expected %q", status, stdout, stderr, c.want)
			}
		})
	}
	for _, arguments := range [][]string{nil, {"a", "b"}, {"--bad", "a"}, {"missing.jsonl"}} {
		var stderr strings.Builder
		if status := run(arguments, &stderr, &stderr); (status != 2) || (stderr.Len() == 0) {
			t.Errorf("%q: status %d, %q", arguments, status, stderr.String())
		}
	}
}

// fixture returns a file of testdata.
func fixture(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// runOn runs the program on two texts.
func runOn(t *testing.T, requests, answers string, flags ...string) (status int, stdout, stderr string) {
	t.Helper()
	folder := t.TempDir()
	requestsPath, answersPath := filepath.Join(folder, "requests.jsonl"), filepath.Join(folder, "answers.jsonl")
	for path, text := range map[string]string{requestsPath: requests, answersPath: answers} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, errs strings.Builder
	status = run(append(flags, "--requests", requestsPath, answersPath), &out, &errs)
	return status, out.String(), errs.String()
}
