// Package walkthrough is the walk-through of the README with the official Go SDK: three switches of demo.test, in the order that
// makes sense. It leaves gRPC on.
package walkthrough

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

var (
	ctx    = context.Background()
	client = cloudflare.NewClient()
	zone   zones.Zone
	record dns.RecordResponse
)

func TestMain(m *testing.M) {
	if err := find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func find() error {
	found, err := client.Zones.List(ctx, zones.ZoneListParams{Name: cloudflare.F("demo.test")})
	if err != nil || len(found.Result) != 1 {
		return fmt.Errorf("demo.test is not there: %w", err)
	}
	zone = found.Result[0]
	records, err := client.DNS.Records.List(ctx, dns.RecordListParams{
		ZoneID: cloudflare.F(zone.ID),
		Name:   cloudflare.F(dns.RecordListParamsName{Exact: cloudflare.F("grpc.demo.test")}),
	})
	if err != nil || len(records.Result) != 1 {
		return fmt.Errorf("grpc.demo.test is not there: %w", err)
	}
	record = records.Result[0]
	return nil
}

func setting(t *testing.T, id string) string {
	t.Helper()
	got := checks.Must[*zones.SettingGetResponse](t)(
		client.Zones.Settings.Get(ctx, id, zones.SettingGetParams{ZoneID: cloudflare.F(zone.ID)}))
	return fmt.Sprint(got.Value)
}

func edit(id, value string) (string, error) {
	edited, err := client.Zones.Settings.Edit(ctx, id, zones.SettingEditParams{
		ZoneID: cloudflare.F(zone.ID),
		Body:   zones.SettingEditParamsBody{Value: cloudflare.F[any](value)},
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(edited.Value), nil
}

func proxy(t *testing.T, proxied bool) bool {
	t.Helper()
	edited := checks.Must[*dns.RecordResponse](t)(client.DNS.Records.Edit(ctx, record.ID, dns.RecordEditParams{
		ZoneID: cloudflare.F(zone.ID),
		Body: dns.ARecordParam{
			Name:    cloudflare.F(record.Name),
			Type:    cloudflare.F(dns.ARecordTypeA),
			Content: cloudflare.F(record.Content),
			TTL:     cloudflare.F(dns.TTL1),
			Proxied: cloudflare.F(proxied),
		},
	}))
	return edited.Proxied
}

func TestTheZoneBeginsWithEverySwitchOff(t *testing.T) {
	checks.Equal(t, checks.Must[string](t)(edit("grpc", "off")), "off")
	checks.Equal(t, checks.Must[string](t)(edit("ssl", "flexible")), "flexible")
	checks.Equal(t, proxy(t, false), false)
}

func TestTheRecordGetsItsOrangeCloud(t *testing.T) {
	checks.Equal(t, proxy(t, true), true)
	got := checks.Must[*dns.RecordResponse](t)(
		client.DNS.Records.Get(ctx, record.ID, dns.RecordGetParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, got.Proxied, true)
}

func TestGrpcIsRefusedWhileSslIsFlexibleAndTheMessageNamesWhatToChange(t *testing.T) {
	_, err := edit("grpc", "on")
	checks.Refused(t, err, 400, 1007, "ssl")
	checks.Refused(t, err, 400, 1007, "full")
	checks.Equal(t, setting(t, "grpc"), "off")
}

func TestSslBecomesFullAndThenGrpcCanBeOn(t *testing.T) {
	checks.Equal(t, checks.Must[string](t)(edit("ssl", "full")), "full")
	checks.Equal(t, checks.Must[string](t)(edit("grpc", "on")), "on")
	checks.Equal(t, setting(t, "ssl"), "full")
	checks.Equal(t, setting(t, "grpc"), "on")
}

func TestSslCannotBeLoweredWhileGrpcIsOn(t *testing.T) {
	_, err := edit("ssl", "flexible")
	checks.Refused(t, err, 400, 1007, "grpc")
	checks.Equal(t, setting(t, "ssl"), "full")
}
