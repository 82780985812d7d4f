package entra

import (
	"encoding/base64"
	"testing"
)

func TestInspect(t *testing.T) {
	type object map[string]any
	for name, c := range map[string]struct {
		claims object
		want   Claims
	}{
		"a user with multifactor authentication": {
			object{"aud": resource, "tid": contoso, "amr": []string{"pwd", "mfa"}},
			Claims{resource, contoso, true, true},
		},
		"a user without multifactor authentication": {
			object{"aud": resource, "tid": contoso, "amr": []string{"pwd"}}, Claims{resource, contoso, false, true},
		},
		"an app": {
			object{"aud": resource, "tid": contoso, "roles": []string{"x"}, "xms_cc": 1},
			Claims{resource, contoso, false, false},
		},
		"an audience in a list": {
			object{"aud": []string{resource}, "tid": contoso, "amr": []any{1, "mfa"}},
			Claims{resource, contoso, true, true},
		},
		"several audiences": {
			object{"aud": []string{resource, "other"}, "tid": 1, "amr": "mfa"}, Claims{resource, "", false, false},
		},
		"an empty list of audiences": {
			object{"aud": []any{}, "tid": contoso, "amr": nil}, Claims{"", contoso, false, false},
		},
		"an audience of another type": {object{"aud": 1, "amr": []string{}}, Claims{"", "", false, true}},
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
