package config

import "github.com/alecthomas/kong"

// Setting is one setting as documents list it.
type Setting struct {
	Variable string // of the environment
	Flag     string // empty: a secret, which has none
	Default  string // empty: none
	Help     string
}

// Settings lists every setting, in the order of Flags, secrets behind the flags that name their files.
func Settings() []Setting {
	var f Flags
	var all []Setting
	for _, flag := range kong.Must(&f, kong.DefaultEnvars("CONNECTOR"), kong.NoDefaultHelp()).Model.Flags {
		all = append(all, Setting{flag.Envs[0], "--" + flag.Name, flag.Default, flag.Help})
		if flag.Name == "client-secret-file" {
			all = append(all, Setting{Variable: "CONNECTOR_CLIENT_SECRET", Help: "The app's client secret."})
		}
	}
	return all
}
