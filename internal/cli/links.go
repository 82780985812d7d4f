package cli

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"os"

	"github.com/partner-center/connector/internal/config"
	"github.com/partner-center/connector/internal/seal"
)

// newSealer returns the sealer for the tokens in links to next pages. The secret must be the same
// on all instances, so it comes from the settings: the link secret, else the app's credential.
// Without either it is random, and links are valid in this process only.
func newSealer(c config.Config, log *slog.Logger) (*seal.Sealer, error) {
	secret := cmp.Or(string(c.LinkSecret), string(c.ClientSecret))
	if secret == "" && c.ClientCertificateFile != "" {
		content, err := os.ReadFile(c.ClientCertificateFile)
		if err != nil {
			return nil, config.Mistake{Setting: "CONNECTOR_CLIENT_CERTIFICATE_FILE", Wants: err.Error()}
		}
		secret = string(content)
	}
	if secret == "" {
		log.Info("links to next pages are valid until this process ends, and for no other instance; " +
			"CONNECTOR_LINK_SECRET_FILE changes that")
		secret = rand.Text()
	}
	return seal.New(secret)
}
