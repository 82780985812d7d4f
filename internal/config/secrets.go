package config

import (
	"errors"
	"fmt"

	"github.com/partner-center/connector/internal/secretfile"
)

// secret reads an optional secret from its variable or from the file that its _FILE variable names.
// check validates its text.
func (l *loader) secret(setting, path string, check func(string) error) Secret {
	value := l.getenv(setting)
	if path == "" {
		return l.checkSecret(setting, "", value, check)
	}
	if value != "" {
		l.reportBoth(setting)
		return Secret(value)
	}
	return l.secretFile(setting+"_FILE", path, check)
}

// reportBoth reports a secret that is set both in its variable and in the file that its _FILE
// variable names.
func (l *loader) reportBoth(setting string) {
	l.report(setting, "set here or in the file that "+setting+"_FILE names, not both", "")
}

// secretFile reads a secret from the file that a setting names. check validates its text.
func (l *loader) secretFile(setting, path string, check func(string) error) Secret {
	value, err := secretfile.ReadText(setting, path)
	var file *secretfile.Error
	if errors.As(err, &file) {
		l.report(setting, fmt.Sprintf("cannot use %s: %v: %s", path, file.Err, file.Remedy), "")
		return ""
	}
	return l.checkSecret(setting, path, value, check)
}

// checkSecret reports a secret whose text is invalid, without quoting the text. path is the file
// that holds it; empty if the variable does.
func (l *loader) checkSecret(setting, path, value string, check func(string) error) Secret {
	if value == "" {
		return ""
	}
	if err := check(value); err != nil {
		wants := fmt.Sprintf("%v: %s", err, secretfile.Remedy(err))
		if path != "" {
			l.report(setting, fmt.Sprintf("cannot use %s: %s", path, wants), "")
			return ""
		}
		l.report(setting, wants, "")
	}
	return Secret(value)
}

// linkSecret reads the secret of links. It must be too long to guess, because tokens sealed with it
// are handed out.
func (l *loader) linkSecret(path string) Secret {
	setting := "CONNECTOR_LINK_SECRET"
	s := l.secret(setting, path, secretfile.CheckEnds)
	if path != "" {
		setting += "_FILE"
	}
	if s != "" && len(s) < 32 {
		l.report(setting, "32 characters or more, such as the output of openssl rand -hex 32", "")
	}
	return s
}
