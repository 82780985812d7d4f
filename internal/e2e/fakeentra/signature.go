package fakeentra

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // for what ends in 384 and 512
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
)

// A mutation changes one thing of a good token.
type mutation = func(*Token)

// mutations are all mutations by the names that the table of hostile requests uses.
var mutations = merge(algorithmMutations, signatureMutations, headerMutations, formMutations, claimMutations,
	timeMutations)

// Mutations returns the names of all mutations that [Server.Mint] knows, sorted.
func Mutations() []string { return slices.Sorted(maps.Keys(mutations)) }

// merge returns the mutations of all maps.
func merge(all ...map[string]mutation) map[string]mutation {
	merged := map[string]mutation{}
	for _, some := range all {
		maps.Copy(merged, some)
	}
	return merged
}

// algorithmMutations sign with another algorithm, or claim to.
var algorithmMutations = map[string]mutation{
	"alg=none":   algorithm("none", unsigned),
	"alg=None":   algorithm("None", unsigned),
	"alg=NONE":   algorithm("NONE", unsigned),
	"alg=nOnE":   algorithm("nOnE", unsigned),
	"alg-signed": header("alg", "none"), // with a good signature

	// A verifier may take some form of the public key for a shared secret.
	"alg=HS256-pubkey":  algorithm("HS256", hmacBy(crypto.SHA256, publicPEM)),
	"alg=HS384-pubkey":  algorithm("HS384", hmacBy(crypto.SHA384, publicPEM)),
	"alg=HS512-pubkey":  algorithm("HS512", hmacBy(crypto.SHA512, publicPEM)),
	"alg=HS256-pkcs1":   algorithm("HS256", hmacBy(crypto.SHA256, publicPKCS1)),
	"alg=HS256-der":     algorithm("HS256", hmacBy(crypto.SHA256, publicDER)),
	"alg=HS256-modulus": algorithm("HS256", hmacBy(crypto.SHA256, modulus)),
	"alg=HS256-jwk":     algorithm("HS256", hmacBy(crypto.SHA256, publicJWK)),
	"alg=HS256-empty":   algorithm("HS256", hmacBy(crypto.SHA256, func(*signingKey) []byte { return nil })),

	"alg=RS384": algorithm("RS384", rsaBy(crypto.SHA384)),
	"alg=RS512": algorithm("RS512", rsaBy(crypto.SHA512)),
	"alg=PS256": algorithm("PS256", pssBy(crypto.SHA256)),
	"alg=PS384": algorithm("PS384", pssBy(crypto.SHA384)),
	"alg=PS512": algorithm("PS512", pssBy(crypto.SHA512)),
	"alg=ES256": algorithm("ES256", elliptic256),
	"alg=EdDSA": algorithm("EdDSA", edwards),

	"alg=rs256":    header("alg", "rs256"),
	"alg-missing":  withoutHeader("alg"),
	"alg-empty":    header("alg", ""),
	"alg-array":    header("alg", []string{"RS256"}),
	"alg-null":     header("alg", nil),
	"alg-space":    header("alg", "RS256 "),
	"alg-disguise": algorithm("RS256", hmacBy(crypto.SHA256, publicPEM)),
}

// algorithm sets the algorithm and signs by a function.
func algorithm(name string, sign func(key *signingKey, input string) []byte) mutation {
	return func(t *Token) {
		t.Header["alg"] = name
		t.sign = func(input string) []byte { return sign(t.issuer.signingKey(), input) }
	}
}

func unsigned(*signingKey, string) []byte { return nil }

func rsaBy(hash crypto.Hash) func(*signingKey, string) []byte {
	return func(key *signingKey, input string) []byte { return signRSA(key.private, hash, input) }
}

func pssBy(hash crypto.Hash) func(*signingKey, string) []byte {
	return func(key *signingKey, input string) []byte {
		signature, err := rsa.SignPSS(rand.Reader, key.private, hash, digest(hash, input),
			&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		if err != nil {
			panic(err)
		}
		return signature
	}
}

func hmacBy(hash crypto.Hash, secret func(*signingKey) []byte) func(*signingKey, string) []byte {
	return func(key *signingKey, input string) []byte {
		h := hmac.New(hash.New, secret(key))
		h.Write([]byte(input))
		return h.Sum(nil)
	}
}

func elliptic256(_ *signingKey, input string) []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	r, s, err := ecdsa.Sign(rand.Reader, key, digest(crypto.SHA256, input))
	if err != nil {
		panic(err)
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func edwards(_ *signingKey, input string) []byte {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return ed25519.Sign(key, []byte(input))
}

func publicDER(key *signingKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(key.private.Public())
	if err != nil {
		panic(err)
	}
	return der
}

func publicPEM(key *signingKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: publicDER(key)})
}

func publicPKCS1(key *signingKey) []byte {
	return pem.EncodeToMemory(
		&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.private.PublicKey)})
}

func modulus(key *signingKey) []byte { return key.private.N.Bytes() }

func publicJWK(key *signingKey) []byte { return []byte(toJSON(key.jwk())) }

// signatureMutations keep header and payload, and change the signature.
var signatureMutations = map[string]mutation{
	"wrong-key": func(t *Token) { t.sign = signByForeignKey },
	"sig-empty": onSignature(func(string) string { return "" }),
	"sig-flip":  onSignature(func(s string) string { return encode(flip(decode(s), len(decode(s))/2)) }),
	"sig-first": onSignature(func(s string) string { return encode(flip(decode(s), 0)) }),
	"sig-last":  onSignature(func(s string) string { return encode(flip(decode(s), len(decode(s))-1)) }),
	"sig-short": onSignature(func(s string) string { return encode(decode(s)[1:]) }),
	"sig-long":  onSignature(func(s string) string { return encode("\x00" + decode(s)) }),
	"sig-zero":  onSignature(func(s string) string { return encode(strings.Repeat("\x00", len(decode(s)))) }),
	"sig-one": onSignature(
		func(s string) string { return encode(strings.Repeat("\x00", len(decode(s))-1) + "\x01") }),
	"sig-twice": onSignature(func(s string) string { return s + s }),
	"sig-pad":   onSignature(func(s string) string { return s + strings.Repeat("=", -len(s)&3) }),
	"sig-pad-1": onSignature(func(s string) string { return s + "=" }),
	"sig-bits":  onSignature(looseBits),
	"sig-nl":    onSignature(func(s string) string { return s[:20] + "%0A" + s[20:] }),
	"sig-space": onSignature(func(s string) string { return s[:20] + " " + s[20:] }),
	"sig-tab":   onSignature(func(s string) string { return s[:20] + "\t" + s[20:] }),
	"sig-std":   onSignature(func(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) }),
	"sig-case":  onSignature(strings.ToLower),
	"sig-other": func(t *Token) { // the signature of another good token
		other := t.issuer.NewToken().Compact()
		onSignature(func(string) string { return other[strings.LastIndexByte(other, '.')+1:] })(t)
	},
	"payload-flip": func(t *Token) {
		t.finish = func(token string) string {
			parts := strings.Split(token, ".")
			return parts[0] + "." + encode(strings.Replace(decode(parts[1]), UserID, OtherUserID, 1)) + "." + parts[2]
		}
	},
	"header-flip": func(t *Token) {
		t.finish = func(token string) string {
			parts := strings.Split(token, ".")
			return encode(strings.Replace(decode(parts[0]), `"JWT"`, `"jwt"`, 1)) + "." + parts[1] + "." + parts[2]
		}
	},
}

// signByForeignKey signs with a key that is in no key set.
func signByForeignKey(input string) []byte {
	return signRSA(foreignKey().private, crypto.SHA256, input)
}

// decode decodes a part of a token.
func decode(part string) string {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		panic(err) // encode made it
	}
	return string(text)
}

// flip changes a bit of the byte at i.
func flip(text string, i int) string {
	b := bytes.Clone([]byte(text))
	b[i] ^= 4
	return string(b)
}

// looseBits returns another spelling of the same bytes, with other unused bits in the last character.
func looseBits(part string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, part[len(part)-1])
	return part[:len(part)-1] + alphabet[last^1:last^1+1]
}
