// Program score compares what an agent did with what docs/agents/requests.jsonl expects of it: which
// tools it called, with which arguments, and which facts its answer states. It reads two files and
// calls no service and no model.
//
// Texts are compared leniently: letter case, width of characters, thousands separators and spellings
// of dates do not count. It cannot judge whether an answer is well written, or whether something else
// that it states is true.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// Exit statuses.
const (
	exitRight = 0 // every request is right
	exitWrong = 1 // at least one request is not
	exitInput = 2 // the command line or a file cannot be read
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the program with its arguments and returns its exit status.
func run(arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("score", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: go run ./docs/agents/score [--requests FILE] [--json] ANSWERS.jsonl")
		flags.PrintDefaults()
	}
	path := flags.String("requests", "docs/agents/requests.jsonl", "`file` with the requests")
	asJSON := flags.Bool("json", false, "print one JSON object")
	err := flags.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return exitRight
	}
	if err != nil {
		return exitInput
	}
	if flags.NArg() != 1 {
		flags.Usage()
		return exitInput
	}
	result, err := scoreFiles(*path, flags.Arg(0))
	if err != nil {
		fmt.Fprintf(stderr, "score: %v\n", err)
		return exitInput
	}
	write := writeText
	if *asJSON {
		write = writeJSON
	}
	if err := write(stdout, result); err != nil {
		fmt.Fprintf(stderr, "score: write the result: %v\n", err)
		return exitInput
	}
	if result.All.Right < result.All.Requests {
		return exitWrong
	}
	return exitRight
}

// scoreFiles scores the answers in a file against the requests in another.
func scoreFiles(requestsPath, answersPath string) (report, error) {
	requests, err := readFile(requestsPath, readRequests)
	if err != nil {
		return report{}, err
	}
	answers, err := readFile(answersPath, func(r io.Reader) (map[string]answer, error) {
		return readAnswers(r, requests)
	})
	if err != nil {
		return report{}, err
	}
	return newReport(requests, answers), nil
}

// readFile reads a file. Its errors name the file.
func readFile[T any](path string, read func(io.Reader) (T, error)) (T, error) {
	var none T
	file, err := os.Open(path)
	if err != nil {
		return none, err
	}
	defer file.Close()
	content, err := read(file)
	if err != nil {
		return none, fmt.Errorf("read %s: %w", path, err)
	}
	return content, nil
}
