package auth

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/partner-center/connector/internal/outbound"
)

// keySource is where Entra ID publishes its signing keys.
type keySource struct {
	metadataURL string
	client      *http.Client
}

// download gets the metadata of the partner's tenant and the keys that it points to:
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens. Nothing of the answers gets
// into an error.
func (s keySource) download(ctx context.Context) (keySet, error) {
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	if err := s.get(ctx, s.metadataURL, &metadata); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	at, err := url.Parse(metadata.Keys)
	if err != nil || at.Scheme != "https" || at.Hostname() == "" || at.User != nil {
		return nil, errors.New("metadata: jwks_uri is not the https URL of a host")
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := s.get(ctx, metadata.Keys, &set); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys := usable(set.Keys)
	if len(keys) == 0 {
		return nil, errors.New("keys: none that verifies RS256")
	}
	return keys, nil
}

const maxAnswer = 1 << 20

// get reads the JSON at an address.
func (s keySource) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("no URL to call")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return outbound.Describe(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answer %d of Entra ID", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return outbound.Describe(err)
	case len(body) > maxAnswer:
		return errors.New("an answer of more than 1 MiB")
	case json.Unmarshal(body, into) != nil:
		return errors.New("an answer that is not the JSON it should be")
	}
	return nil
}

// The sizes of an RSA key, in bits. Beyond the larger one, which is that of crypto/tls, a signature takes too long.
const (
	minKey = 2048
	maxKey = 8192
)

// needed are the members of a key that count. Others are left out before the key is read, because they stand in its way
// when they are odd: a certificate of another key, a thumbprint of another certificate.
var needed = []string{"kty", "use", "alg", "kid", "n", "e"}

// readKey reads one key of a set. One with a private part is none: anybody could sign with it.
func readKey(text jsontext.Value) (key jose.JSONWebKey, ok bool) {
	members, ok := readObject(text)
	if !ok || members.has("d") {
		return key, false
	}
	maps.DeleteFunc(members, func(name string, _ jsontext.Value) bool { return !slices.Contains(needed, name) })
	plain, err := json.Marshal(members)
	return key, err == nil && key.UnmarshalJSON(plain) == nil
}

// usable returns the RSA keys of a set that can verify RS256. They are read one by one, so that a kind of key that
// nobody here has heard of does not stand in the way of the others.
func usable(set []jsontext.Value) keySet {
	keys, ambiguous := keySet{}, map[string]bool{}
	for _, text := range set {
		key, ok := readKey(text)
		if !ok || !keyID.MatchString(key.KeyID) ||
			key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != "RS256" {
			continue
		}
		public, ok := key.Key.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < minKey || public.N.BitLen() > maxKey {
			continue
		}
		if other := keys[key.KeyID]; other != nil && !other.public.Equal(public) {
			ambiguous[key.KeyID] = true
		}
		keys[key.KeyID] = &signingKey{key.KeyID, public}
	}
	for id := range ambiguous {
		delete(keys, id)
	}
	return keys
}
