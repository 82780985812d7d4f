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

// A keySource downloads the signing keys that Entra ID publishes.
type keySource struct {
	metadataURL string
	client      *http.Client
}

// download returns the keys that the metadata of the partner's tenant points to. There is at least
// one. Errors quote nothing of the answers. See
// https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-tokens.
func (s keySource) download(ctx context.Context) (keySet, error) {
	var metadata struct {
		Keys string `json:"jwks_uri"`
	}
	if err := s.get(ctx, s.metadataURL, &metadata); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	at, err := url.Parse(metadata.Keys)
	if (err != nil) || (at.Scheme != "https") || (at.Hostname() == "") || (at.User != nil) {
		return nil, errors.New("metadata: jwks_uri is not an https URL with a host")
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := s.get(ctx, metadata.Keys, &set); err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	keys := usableKeys(set.Keys)
	if len(keys) == 0 {
		return nil, errors.New("keys: none can verify RS256")
	}
	return keys, nil
}

// maxAnswer bounds a response of Entra ID, in bytes.
const maxAnswer = 1 << 20

// get fetches address and decodes the JSON of the response into a value.
func (s keySource) get(ctx context.Context, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("invalid URL")
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
		return errors.New("the answer is longer than 1 MiB")
	case json.Unmarshal(body, into) != nil:
		return errors.New("the answer is not JSON of the expected form")
	}
	return nil
}

// The accepted sizes of an RSA key, in bits. Larger keys, which crypto/tls rejects too, take too
// long to verify with.
const (
	minKey = 2048
	maxKey = 8192
)

// needed lists the members of a key that are used. The others are removed before parsing, because
// the library rejects a key with an odd member it does not need, such as the certificate of another
// key.
var needed = []string{"kty", "use", "alg", "kid", "n", "e"}

// readKey parses one key of a set. It rejects a key with a private part: anyone could sign with it.
func readKey(text jsontext.Value) (key jose.JSONWebKey, ok bool) {
	members, ok := readObject(text)
	if !ok || members.has("d") {
		return key, false
	}
	maps.DeleteFunc(members, func(name string, _ jsontext.Value) bool { return !slices.Contains(needed, name) })
	plain, err := json.Marshal(members)
	return key, (err == nil) && (key.UnmarshalJSON(plain) == nil)
}

// usableKeys returns the RSA keys of a set that can verify RS256. Keys are parsed one by one, so
// that a key of an unknown type does not invalidate the set. An ID shared by different keys is
// dropped.
func usableKeys(set []jsontext.Value) keySet {
	keys, ambiguous := keySet{}, map[string]bool{}
	for _, text := range set {
		key, ok := readKey(text)
		if !ok || !verifiesRS256(key) {
			continue
		}
		public, ok := key.Key.(*rsa.PublicKey)
		if !ok || (public.N.BitLen() < minKey) || (public.N.BitLen() > maxKey) {
			continue
		}
		if other := keys[key.KeyID]; (other != nil) && !other.public.Equal(public) {
			ambiguous[key.KeyID] = true
		}
		keys[key.KeyID] = &signingKey{key.KeyID, public}
	}
	for id := range ambiguous {
		delete(keys, id)
	}
	return keys
}

// verifiesRS256 reports whether key has an ID that a token can name and may be used to verify
// RS256. A key without use or algorithm may.
func verifiesRS256(key jose.JSONWebKey) bool {
	return keyID.MatchString(key.KeyID) && slices.Contains([]string{"", "sig"}, key.Use) &&
		slices.Contains([]string{"", "RS256"}, key.Algorithm)
}
