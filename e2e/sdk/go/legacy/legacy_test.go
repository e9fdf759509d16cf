// Package legacy uses the first generation of the official Go SDK, which Terraform v4 and flarectl are built on. It reads no environment
// by itself and pages, batches and counts in its own way.
package legacy

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/cloudflare/cloudflare-go"

	"orangery/e2e/sdk/checks"
)

var (
	ctx = context.Background()
	api *cloudflare.API
)

func TestMain(m *testing.M) {
	var err error
	// Against a server of one's own it need not hold itself back.
	api, err = cloudflare.NewWithAPIToken(os.Getenv("CLOUDFLARE_API_TOKEN"),
		cloudflare.BaseURL(os.Getenv("CLOUDFLARE_BASE_URL")), cloudflare.UsingRateLimit(1_000))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// newZone makes a zone that is removed when the test ends.
func newZone(t *testing.T, label string) cloudflare.Zone {
	t.Helper()
	suffix := make([]byte, 4)
	rand.Read(suffix)
	zone := checks.Must[cloudflare.Zone](t)(
		api.CreateZone(ctx, label+"-"+hex.EncodeToString(suffix)+".test", false, cloudflare.Account{}, "full"))
	t.Cleanup(func() { api.DeleteZone(ctx, zone.ID) })
	return zone
}

func refused(t *testing.T, err error, code int) {
	t.Helper()
	var refusal interface{ InternalErrorCodeIs(int) bool }
	if !errors.As(err, &refusal) || !refusal.InternalErrorCodeIs(code) {
		t.Errorf("%v, where %d was expected", err, code)
	}
}

func address(label, content string) cloudflare.CreateDNSRecordParams {
	return cloudflare.CreateDNSRecordParams{Type: "A", Name: label, Content: content, TTL: 1, Proxied: cloudflare.BoolPtr(false)}
}

func TestTheTokenTheUserAndTheAccountsAreAnswered(t *testing.T) {
	verified := checks.Must[cloudflare.APITokenVerifyBody](t)(api.VerifyAPIToken(ctx))
	checks.Equal(t, verified.Status, "active")
	user := checks.Must[cloudflare.User](t)(api.UserDetails(ctx))
	checks.Equal(t, user.ID != "", true)
	accounts, _, err := api.Accounts(ctx, cloudflare.AccountsListParams{})
	checks.Equal(t, err, nil)
	checks.Equal(t, len(accounts), 1)
}

// The list of zones is fetched in pages of 50, all but the first at once, and each must have the size that the first one promises.
func TestMoreZonesThanOnePageHoldsAreListed(t *testing.T) {
	made := map[string]bool{}
	for index := range 55 {
		made[newZone(t, fmt.Sprintf("legacy-%d", index)).ID] = true
	}
	listed := checks.Must[cloudflare.ZonesResponse](t)(api.ListZonesContext(ctx))
	found := 0
	for _, zone := range listed.Result {
		if made[zone.ID] {
			found++
		}
	}
	checks.Equal(t, found, 55)
}

func TestAZoneIsFoundByNamePausedAndRemoved(t *testing.T) {
	zone := newZone(t, "legacy")
	checks.Equal(t, checks.Must[string](t)(api.ZoneIDByName(zone.Name)), zone.ID)
	checks.Equal(t, checks.Must[cloudflare.Zone](t)(api.ZoneSetPaused(ctx, zone.ID, true)).Paused, true)
	checks.Equal(t, checks.Must[cloudflare.Zone](t)(api.ZoneDetails(ctx, zone.ID)).Paused, true)
	checks.Equal(t, checks.Must[cloudflare.ZoneID](t)(api.DeleteZone(ctx, zone.ID)).ID, zone.ID)
	_, err := api.ZoneIDByName(zone.Name)
	checks.Equal(t, err != nil, true)
}

func TestSettingsAreWrittenTogetherAsTerraformDoes(t *testing.T) {
	zone := newZone(t, "legacy-settings")
	checks.Must[*cloudflare.ZoneSettingResponse](t)(api.UpdateZoneSettings(ctx, zone.ID, []cloudflare.ZoneSetting{
		{ID: "grpc", Value: "on"}, {ID: "ssl", Value: "strict"}, {ID: "min_tls_version", Value: "1.3"},
	}))
	all := checks.Must[*cloudflare.ZoneSettingResponse](t)(api.ZoneSettings(ctx, zone.ID))
	values := map[string]string{}
	for _, setting := range all.Result {
		values[setting.ID] = fmt.Sprint(setting.Value)
	}
	checks.Equal(t, values["grpc"]+" "+values["ssl"]+" "+values["min_tls_version"], "on strict 1.3")
	container := cloudflare.ZoneIdentifier(zone.ID)
	_, err := api.UpdateZoneSetting(ctx, container, cloudflare.UpdateZoneSettingParams{Name: "ssl", Value: "flexible"})
	refused(t, err, 1007)
	got := checks.Must[cloudflare.ZoneSetting](t)(
		api.GetZoneSetting(ctx, container, cloudflare.GetZoneSettingParams{Name: "ssl"}))
	checks.Equal(t, fmt.Sprint(got.Value), "strict")
}

func TestWhatItReadsBesideRecordsAndSettingsIsAnswered(t *testing.T) {
	zone := newZone(t, "legacy-beside")
	checks.Equal(t, len(checks.Must[[]cloudflare.PageRule](t)(api.ListPageRules(ctx, zone.ID))), 0)
	checks.Equal(t, len(checks.Must[[]cloudflare.ZonePlan](t)(api.AvailableZonePlans(ctx, zone.ID))) > 0, true)
	checks.Must[[]cloudflare.CertificatePack](t)(api.ListCertificatePacks(ctx, zone.ID))
	for _, enabled := range []bool{false, true} {
		universal := cloudflare.UniversalSSLSetting{Enabled: enabled}
		checks.Equal(t, checks.Must[cloudflare.UniversalSSLSetting](t)(api.EditUniversalSSLSetting(ctx, zone.ID, universal)), universal)
		checks.Equal(t, checks.Must[cloudflare.UniversalSSLSetting](t)(api.UniversalSSLSettingDetails(ctx, zone.ID)), universal)
	}
}

func TestARecordLivesThroughItsClient(t *testing.T) {
	container := cloudflare.ZoneIdentifier(newZone(t, "legacy-records").ID)
	must := checks.Must[cloudflare.DNSRecord](t)
	made := must(api.CreateDNSRecord(ctx, container, address("www", "192.0.2.1")))
	_, err := api.CreateDNSRecord(ctx, container, address("www", "192.0.2.1"))
	refused(t, err, 81058)
	edited := must(api.UpdateDNSRecord(ctx, container, cloudflare.UpdateDNSRecordParams{
		ID: made.ID, Type: "A", Name: "www", Content: "192.0.2.2", TTL: 1, Proxied: cloudflare.BoolPtr(true),
	}))
	checks.Equal(t, edited.Content, "192.0.2.2")
	checks.Equal(t, *must(api.GetDNSRecord(ctx, container, made.ID)).Proxied, true)
	checks.Equal(t, api.DeleteDNSRecord(ctx, container, made.ID), nil)
	_, err = api.GetDNSRecord(ctx, container, made.ID)
	refused(t, err, 81044)
}

func TestMoreRecordsThanOnePageHoldsAreListed(t *testing.T) {
	container := cloudflare.ZoneIdentifier(newZone(t, "legacy-many").ID)
	for index := 1; index <= 105; index++ {
		checks.Must[cloudflare.DNSRecord](t)(
			api.CreateDNSRecord(ctx, container, address(fmt.Sprintf("many-%d", index), fmt.Sprintf("192.0.2.%d", index))))
	}
	listed, info, err := api.ListDNSRecords(ctx, container, cloudflare.ListDNSRecordsParams{})
	checks.Equal(t, err, nil)
	checks.Equal(t, len(listed), 105)
	checks.Equal(t, info.Total, 105)
}
