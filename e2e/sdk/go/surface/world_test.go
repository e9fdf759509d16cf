// Package surface uses what the official Go SDK knows of zones, settings, DNS records and certificates, against a running control plane.
package surface

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

var (
	ctx     = context.Background()
	client  = cloudflare.NewClient()
	runID   = randomHex()
	account string
)

func TestMain(m *testing.M) {
	listed, err := client.Accounts.List(ctx, accounts.AccountListParams{})
	if err != nil || len(listed.Result) == 0 {
		fmt.Fprintln(os.Stderr, "there is no account:", err)
		os.Exit(1)
	}
	account = listed.Result[0].ID
	os.Exit(m.Run())
}

func randomHex() string {
	bytes := make([]byte, 4)
	// It never returns an error, says its documentation.
	rand.Read(bytes)
	return hex.EncodeToString(bytes)
}

func zoneName(label string) string {
	return label + "-" + runID + ".test"
}

func createZone(name string) (*zones.Zone, error) {
	return client.Zones.New(ctx, zones.ZoneNewParams{
		Account: cloudflare.F(zones.ZoneNewParamsAccount{ID: cloudflare.F(account)}),
		Name:    cloudflare.F(name),
		Type:    cloudflare.F(zones.TypeFull),
	})
}

// newZone makes a zone that is removed when the test ends, unless the test has removed it.
func newZone(t *testing.T, label string) *zones.Zone {
	t.Helper()
	zone := checks.Must[*zones.Zone](t)(createZone(zoneName(label)))
	t.Cleanup(func() {
		client.Zones.Delete(ctx, zones.ZoneDeleteParams{ZoneID: cloudflare.F(zone.ID)})
	})
	return zone
}
