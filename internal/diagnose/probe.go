package diagnose

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/partner-center/connector/internal/entra"
)

// A tenant is what Entra ID discloses about a tenant without a sign-in.
type tenant struct {
	cloud string        // microsoftonline.com, microsoftonline.us or partner.microsoftonline.cn; empty: not stated
	ahead time.Duration // how far Entra ID's clock is ahead of ours, to the second; zero: not stated
}

// cloudName matches what may be printed of the cloud that the metadata states.
var cloudName = regexp.MustCompile(`^[a-z0-9.-]{1,64}$`)

// probe reads the metadata of the tenant. If the cloud has no such tenant, the error is an
// *entra.RefusedError with code 90002.
func probe(ctx context.Context, c entra.Config) (tenant, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	asked := time.Now()
	address := c.Authority + "/" + c.TenantID + "/v2.0/.well-known/openid-configuration"
	answer, err := entra.NewClient(c).Get(ctx, address)
	if err != nil {
		return tenant{}, err
	}
	var metadata struct {
		Issuer string `json:"issuer"`
		Cloud  string `json:"cloud_instance_name"`
	}
	if (json.Unmarshal(answer.Body, &metadata) != nil) || (metadata.Issuer == "") {
		return tenant{}, &entra.NoAnswerError{Peer: entra.EntraID, Err: errors.New("it describes no tenant")}
	}
	var t tenant
	if cloudName.MatchString(metadata.Cloud) {
		t.cloud = metadata.Cloud
	}
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		// On average, the Date header was written halfway through the request.
		written := asked.Add(time.Since(asked) / 2)
		t.ahead = date.Add(time.Second / 2).Sub(written).Round(time.Second)
	}
	return t, nil
}
