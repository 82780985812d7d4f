package fakeentra

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// Resource is the audience of tokens for Partner Center.
const Resource = "https://api.partnercenter.microsoft.com"

// RedisResource is the audience of tokens for Redis in Azure.
const RedisResource = "https://redis.azure.com"

// A Kind tells tokens of the app alone from tokens of the app and a user.
type Kind string

// Kinds of tokens, for Partner Center unless they say otherwise.
const (
	AppOnly  Kind = "app-only" // of the app alone
	AppUser  Kind = "App+User" // of the app on behalf of the user
	AppRedis Kind = "Redis"    // of the app alone, for Redis
)

// issuedToken is a token for Partner Center.
type issuedToken struct {
	text string
	kind Kind
}

// ServeToken answers a token request as Entra ID does.
func (e *Server) ServeToken(w http.ResponseWriter, r *http.Request) {
	kind, code := e.checkGrant(r)
	if code != 0 {
		Refusal(code)(w, r)
		return
	}
	e.mu.Lock()
	lifetime := e.lifetime
	e.mu.Unlock()
	refresh := ""
	if kind == AppUser {
		refresh = fmt.Sprintf(`,"scope":"%s/user_impersonation","refresh_token":"%s"`, Resource,
			secret.InJSON(e.NewRefreshToken()))
	}
	body := fmt.Sprintf(`{"token_type":"Bearer","expires_in":%d,"ext_expires_in":%d,"access_token":"%s"%s}`,
		lifetime, lifetime, secret.InJSON(e.Issue(kind)), refresh)
	reply.With(200, "application/json; charset=utf-8", body, "Cache-Control", "no-store, no-cache")(w, r)
}

// checkGrant checks a token request. It returns the kind of the token, or the AADSTS code of the
// refusal.
func (e *Server) checkGrant(r *http.Request) (kind Kind, code int) {
	if code := e.checkApp(r); code != 0 {
		return "", code
	}
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
		// Microsoft's client asks for further scopes.
		switch scope := strings.Fields(r.PostFormValue("scope")); {
		case slices.Contains(scope, Resource+"/.default"):
			return AppOnly, 0
		case slices.Contains(scope, RedisResource+"/.default"):
			return AppRedis, 0
		}
		return "", 70011
	case "refresh_token":
		return AppUser, e.redeemRefreshToken(r)
	case "authorization_code":
		return AppUser, e.redeemCode(r)
	default:
		return "", 70003
	}
}

// redeemRefreshToken checks a request's refresh token and uses it up. It returns the AADSTS code of
// the refusal, or 0.
func (e *Server) redeemRefreshToken(r *http.Request) (code int) {
	token := r.PostFormValue("refresh_token")
	e.mu.Lock()
	defer e.mu.Unlock()
	unused, known := e.refresh[token]
	switch {
	case !known:
		return 9002313
	case !unused:
		return 70000
	case !isUserScope(r.PostFormValue("scope")):
		return 70011
	}
	e.refresh[token] = e.reuse
	return 0
}

// isUserScope reports whether a scope, which may be empty, is for a user's token for Partner Center.
func isUserScope(scope string) bool {
	known := []string{Resource + "/.default", Resource + "/user_impersonation", "openid", "profile", "offline_access"}
	for _, word := range strings.Fields(scope) {
		if !slices.Contains(known, word) {
			return false
		}
	}
	return (scope == "") || strings.Contains(scope, Resource)
}

// Issue makes a token: for Partner Center an opaque one, or a JWT after [Server.IssueJWTs], and for
// Redis a JWT.
func (e *Server) Issue(kind Kind) string {
	if kind == AppRedis {
		token := e.NewPartnerToken(AppOnly, map[string]any{"aud": RedisResource})
		e.secrets.Add("access token", token)
		return token
	}
	e.mu.Lock()
	claims, number := e.claims, len(e.tokens)+1
	e.mu.Unlock()
	token := secret.New(fmt.Sprintf("token%d", number))
	if claims != nil {
		token = e.NewPartnerToken(kind, claims)
	}
	e.addToken(kind, token)
	return token
}

// IssueUserToken makes a JWT for Partner Center that a user signed in for, with further claims.
func (e *Server) IssueUserToken(user string, claims map[string]any) string {
	all := map[string]any{"oid": user}
	maps.Copy(all, claims)
	token := e.NewPartnerToken(AppUser, all)
	e.addToken(AppUser, token)
	return token
}

// NewPartnerToken makes a JWT of version 1, as Partner Center's are, with further claims.
// It is not registered: [Server.Accepts] returns false for it.
func (e *Server) NewPartnerToken(kind Kind, claims map[string]any) string {
	e.mu.Lock()
	lifetime := e.lifetime
	e.mu.Unlock()
	token := e.NewTokenV1()
	maps.Copy(token.Claims, map[string]any{
		"aud": Resource, "appid": ClientID, "exp": time.Now().Unix() + int64(lifetime), "scp": "user_impersonation",
	})
	if kind == AppOnly {
		for _, name := range []string{"scp", "amr", "upn", "unique_name", "name"} {
			delete(token.Claims, name)
		}
		maps.Copy(token.Claims, map[string]any{"idtyp": "app", "oid": ClientID, "sub": ClientID})
	}
	maps.Copy(token.Claims, claims)
	return token.Compact()
}

// addToken registers a token as one that Partner Center accepts.
func (e *Server) addToken(kind Kind, token string) {
	e.secrets.Add("access token", token)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens = append(e.tokens, issuedToken{token, kind})
}

// NewRefreshToken makes a refresh token, as if the user had signed in.
func (e *Server) NewRefreshToken() string {
	token := secret.New("refresh")
	e.secrets.Add("refresh token", token)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refresh[token] = true
	return token
}

// RefreshTokenWorks reports whether a refresh token can still be used.
func (e *Server) RefreshTokenWorks(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.refresh[token]
}

// AllowTokenReuse lets refresh tokens be used repeatedly. Those that were used before stay invalid.
func (e *Server) AllowTokenReuse() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.reuse = true
}

// SetLifetime sets expires_in, in seconds, of tokens that are issued from now on.
func (e *Server) SetLifetime(seconds int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lifetime = seconds
}

// IssueJWTs makes the next tokens for Partner Center JWTs with further claims. With nil they are
// opaque.
func (e *Server) IssueJWTs(claims map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.claims = claims
}

// NextScope returns a channel that receives the scope of the next token request.
func (e *Server) NextScope() <-chan string {
	scopes := make(chan string, 1)
	e.AnswerToken(func(w http.ResponseWriter, r *http.Request) {
		select {
		case scopes <- r.PostFormValue("scope"):
		default:
		}
		e.ServeToken(w, r)
	})
	return scopes
}

// TokensIssued returns the number of tokens for Partner Center so far.
func (e *Server) TokensIssued() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.tokens)
}

// Accepts reports whether a token for Partner Center was issued by this server.
func (e *Server) Accepts(token string) bool { return e.TokenNumber(token) > 0 }

// TokenNumber returns the position of a token among those issued for Partner Center, from 1, or 0
// if it is not one of them.
func (e *Server) TokenNumber(token string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return 1 + slices.IndexFunc(e.tokens, func(t issuedToken) bool { return t.text == token })
}

// KindOf returns the kind of a token for Partner Center, or "" if it was not issued.
func (e *Server) KindOf(token string) Kind {
	n := e.TokenNumber(token)
	if n == 0 {
		return ""
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.tokens[n-1].kind
}
