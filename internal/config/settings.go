package config

import (
	"strings"

	"github.com/alecthomas/kong"
)

// Setting is one setting as documents list it.
type Setting struct {
	Variable string // of the environment
	Flag     string // empty: a secret, which has none
	Default  string // empty: none
	Help     string
}

// secrets are what the secrets mean, by the flags that name their files.
var secrets = map[string]string{
	"client-secret-file":               "The app's client secret.",
	"client-certificate-password-file": "The password of the certificate file.",
	"link-secret-file":                 "The text that tokens in links are sealed with.",
}

// Settings lists every setting, in the order of Flags, secrets behind the flags that name their files.
func Settings() []Setting {
	var f Flags
	var all []Setting
	for _, flag := range kong.Must(&f, kong.DefaultEnvars("CONNECTOR"), kong.NoDefaultHelp()).Model.Flags {
		all = append(all, Setting{flag.Envs[0], "--" + flag.Name, flag.Default, flag.Help})
		if help, ok := secrets[flag.Name]; ok {
			all = append(all, Setting{Variable: strings.TrimSuffix(flag.Envs[0], "_FILE"), Help: help})
		}
	}
	return all
}
