package surface

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/acm"
	"github.com/cloudflare/cloudflare-go/v7/custom_certificates"
	"github.com/cloudflare/cloudflare-go/v7/origin_ca_certificates"
	"github.com/cloudflare/cloudflare-go/v7/shared"
	"github.com/cloudflare/cloudflare-go/v7/ssl"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return checks.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
}

func inPem(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func keyPem(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	return inPem("PRIVATE KEY", checks.Must[[]byte](t)(x509.MarshalPKCS8PrivateKey(key)))
}

// selfSigned makes a certificate for these names that ends so far from now; without names it is an authority.
func selfSigned(t *testing.T, key *ecdsa.PrivateKey, names []string, ends time.Duration) string {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber:          checks.Must[*big.Int](t)(rand.Int(rand.Reader, big.NewInt(1<<62))),
		Subject:               pkix.Name{CommonName: "The promises of the Go SDK"},
		DNSNames:              names,
		NotBefore:             time.Now().Add(-100 * 24 * time.Hour),
		NotAfter:              time.Now().Add(ends),
		BasicConstraintsValid: true,
		IsCA:                  len(names) == 0,
	}
	der := checks.Must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
	return inPem("CERTIFICATE", der)
}

func hosts(zone *zones.Zone) []string {
	return []string{zone.Name, "*." + zone.Name}
}

const ninetyDays = 90 * 24 * time.Hour

func upload(zone *zones.Zone, certificate, key string) (*custom_certificates.CustomCertificate, error) {
	return client.CustomCertificates.New(ctx, custom_certificates.CustomCertificateNewParams{
		ZoneID:      cloudflare.F(zone.ID),
		Certificate: cloudflare.F(certificate),
		PrivateKey:  cloudflare.F(key),
	})
}

func uploaded(t *testing.T, zone *zones.Zone) []custom_certificates.CustomCertificate {
	t.Helper()
	return checks.All(t, client.CustomCertificates.ListAutoPaging(
		ctx, custom_certificates.CustomCertificateListParams{ZoneID: cloudflare.F(zone.ID)}))
}

func TestAnUploadedCertificateIsListedAndRemovedAndNeverShowsItsKey(t *testing.T) {
	zone, key := newZone(t, "certificates"), newKey(t)
	must := checks.Must[*custom_certificates.CustomCertificate](t)
	made := must(upload(zone, selfSigned(t, key, hosts(zone), ninetyDays), keyPem(t, key)))
	checks.Equal(t, made.Status, custom_certificates.CustomCertificateStatusActive)
	checks.Equal(t, len(made.Hosts), 2)
	listed := uploaded(t, zone)
	checks.Equal(t, len(listed), 1)
	checks.Equal(t, listed[0].ID, made.ID)
	got := must(client.CustomCertificates.Get(
		ctx, made.ID, custom_certificates.CustomCertificateGetParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, strings.Contains(got.JSON.RawJSON(), "PRIVATE KEY"), false)
	checks.Must[*custom_certificates.CustomCertificateDeleteResponse](t)(client.CustomCertificates.Delete(
		ctx, made.ID, custom_certificates.CustomCertificateDeleteParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, len(uploaded(t, zone)), 0)
}

func TestACertificateThatCannotServeTheZoneIsRefused(t *testing.T) {
	zone, key := newZone(t, "unfit"), newKey(t)
	for _, unfit := range []struct{ certificate, key string }{
		{"nonsense", keyPem(t, key)},
		{selfSigned(t, key, hosts(zone), ninetyDays), "nonsense"},
		{selfSigned(t, key, hosts(zone), ninetyDays), keyPem(t, newKey(t))},
		{selfSigned(t, key, hosts(zone), -time.Hour), keyPem(t, key)},
		{selfSigned(t, key, []string{"www.example.com"}, ninetyDays), keyPem(t, key)},
	} {
		_, err := upload(zone, unfit.certificate, unfit.key)
		checks.Refused(t, err, 400, checks.AnyCode, "")
	}
	checks.Equal(t, len(uploaded(t, zone)), 0)
}

func TestTheTrustStoreKeepsARootUntilItIsDeleted(t *testing.T) {
	zone, store := newZone(t, "trust-store"), client.ACM.CustomTrustStore
	made := checks.Must[*acm.CustomTrustStore](t)(store.New(ctx, acm.CustomTrustStoreNewParams{
		ZoneID:      cloudflare.F(zone.ID),
		Certificate: cloudflare.F(selfSigned(t, newKey(t), nil, ninetyDays)),
	}))
	held := func() []acm.CustomTrustStore {
		return checks.All(t, store.ListAutoPaging(ctx, acm.CustomTrustStoreListParams{ZoneID: cloudflare.F(zone.ID)}))
	}
	checks.Equal(t, len(held()), 1)
	checks.Equal(t, held()[0].ID, made.ID)
	checks.Must[*acm.CustomTrustStoreDeleteResponse](t)(
		store.Delete(ctx, made.ID, acm.CustomTrustStoreDeleteParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, len(held()), 0)
}

func sign(t *testing.T, key *ecdsa.PrivateKey, names []string) (*origin_ca_certificates.OriginCACertificate, error) {
	t.Helper()
	request := checks.Must[[]byte](t)(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: names}, key))
	return client.OriginCACertificates.New(ctx, origin_ca_certificates.OriginCACertificateNewParams{
		Csr:               cloudflare.F(inPem("CERTIFICATE REQUEST", request)),
		Hostnames:         cloudflare.F(names),
		RequestType:       cloudflare.F(shared.CertificateRequestTypeOriginECC),
		RequestedValidity: cloudflare.F(ssl.RequestValidity365),
	})
}

func TestTheOriginCaSignsForNamesOfTheZoneAndOfNobodyElse(t *testing.T) {
	zone, key := newZone(t, "origin-ca"), newKey(t)
	made := checks.Must[*origin_ca_certificates.OriginCACertificate](t)(sign(t, key, hosts(zone)))
	block, _ := pem.Decode([]byte(made.Certificate))
	if block == nil {
		t.Fatalf("no certificate in %q", made.Certificate)
	}
	leaf := checks.Must[*x509.Certificate](t)(x509.ParseCertificate(block.Bytes))
	checks.Equal(t, key.PublicKey.Equal(leaf.PublicKey), true)
	checks.Equal(t, leaf.SerialNumber.String(), made.ID)
	checks.Equal(t, fmt.Sprint(leaf.DNSNames), fmt.Sprint(hosts(zone)))
	listed := checks.All(t, client.OriginCACertificates.ListAutoPaging(
		ctx, origin_ca_certificates.OriginCACertificateListParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, len(listed), 1)
	checks.Equal(t, listed[0].ID, made.ID)
	_, err := sign(t, key, []string{"www.example.com"})
	checks.Refused(t, err, 400, checks.AnyCode, "")
}
