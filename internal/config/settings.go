package config

import (
	"cmp"
	"strings"

	"github.com/alecthomas/kong"
)

// A Setting is one setting, as documents list it.
type Setting struct {
	Variable string // environment variable
	Flag     string // empty for a secret, which has no flag
	Default  string // empty: none
	Help     string
}

// Settings returns all settings in the order of Flags. A secret follows the flag that names its
// file.
func Settings() []Setting {
	parser, err := NewParser(new(Flags), func(string) string { return "" }, kong.NoDefaultHelp())
	if err != nil {
		panic(err) // Flags is a constant
	}
	var all []Setting
	for _, flag := range parser.Model.Flags {
		all = append(all, Setting{flag.Envs[0], "--" + flag.Name, flag.Default, flag.Help})
		if help, ok := secretTexts[flag.Name]; ok {
			all = append(all, Setting{Variable: strings.TrimSuffix(flag.Envs[0], "_FILE"), Help: help})
		}
	}
	return all
}

// NewParser returns a parser for a command line. A flag --x-y that is absent from the arguments
// takes the value of the variable CONNECTOR_X_Y, as returned by getenv; an empty value counts as
// unset. A flag with the tag env:"-" has no variable. The model's Flag.Envs has the name of the
// variable.
func NewParser(grammar any, getenv func(string) string, options ...kong.Option) (*kong.Kong, error) {
	fromVariable := kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if len(f.Envs) == 0 || getenv(f.Envs[0]) == "" {
			return nil, nil
		}
		return getenv(f.Envs[0]), nil
	})
	options = append(options, kong.DefaultEnvars("CONNECTOR"), kong.Resolvers(fromVariable))
	parser, err := kong.New(grammar, options...)
	if err != nil {
		return nil, err
	}
	return parser, kong.Visit(parser.Model, completeFlag)
}

// completeFlag adds the help text of a setting to its flag. It also keeps kong from reading the
// flag's variable from the environment of the process.
func completeFlag(node kong.Visitable, next kong.Next) error {
	if flag, ok := node.(*kong.Flag); ok {
		flag.Help = cmp.Or(flag.Help, helpTexts[flag.Name])
		flag.Tag.Envs = nil
	}
	return next(nil)
}
