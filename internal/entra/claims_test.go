package entra

import (
	"encoding/base64"
	"testing"
	"time"
)

func TestInspect(t *testing.T) {
	type object map[string]any
	for name, c := range map[string]struct {
		claims object
		want   Claims
	}{
		"a user with multifactor authentication": {
			object{"aud": resource, "tid": contoso, "amr": []string{"pwd", "mfa"}},
			Claims{Audience: resource, Tenant: contoso, MFA: true, Methods: true},
		},
		"a user without multifactor authentication": {
			object{"aud": resource, "tid": contoso, "amr": []string{"pwd"}},
			Claims{Audience: resource, Tenant: contoso, Methods: true},
		},
		"an app": {
			object{"aud": resource, "tid": contoso, "roles": []string{"x"}, "xms_cc": 1},
			Claims{Audience: resource, Tenant: contoso},
		},
		"an app's object, until a time": {
			object{"aud": resource, "oid": contoso, "exp": 1798761600},
			Claims{Audience: resource, ObjectID: contoso, Expires: time.Unix(1798761600, 0)},
		},
		"an object and a time of other types": {
			object{"aud": resource, "oid": 1, "exp": "1798761600"}, Claims{Audience: resource},
		},
		"an audience in a list": {
			object{"aud": []string{resource}, "tid": contoso, "amr": []any{1, "mfa"}},
			Claims{Audience: resource, Tenant: contoso, MFA: true, Methods: true},
		},
		"several audiences": {
			object{"aud": []string{resource, "other"}, "tid": 1, "amr": "mfa"}, Claims{Audience: resource},
		},
		"an empty list of audiences": {
			object{"aud": []any{}, "tid": contoso, "amr": nil}, Claims{Tenant: contoso},
		},
		"an audience of another type": {object{"aud": 1, "amr": []string{}}, Claims{Methods: true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := Inspect(jwt(c.claims)); !ok || got != c.want {
				t.Errorf("Inspect = %+v, %v, want %+v", got, ok, c.want)
			}
		})
	}
	list := base64.RawURLEncoding.EncodeToString([]byte("[]"))
	for _, token := range []string{"", "opaque", "a.b", "a.!.c", "a." + list + ".c", "a.b.c.d.e"} {
		t.Run("not a token: "+token, func(t *testing.T) {
			if got, ok := Inspect(token); ok {
				t.Errorf("Inspect = %+v", got)
			}
		})
	}
}
