package surface

import (
	"fmt"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

// The last value of each is one with which the others can be.
var enforced = map[string][]string{
	"ssl":                     {"off", "flexible", "strict", "full"},
	"http2":                   {"off", "on"},
	"min_tls_version":         {"1.0", "1.1", "1.3", "1.2"},
	"always_use_https":        {"on", "off"},
	"origin_max_http_version": {"1", "2"},
}

func edit(zone *zones.Zone, id string, value any) (string, error) {
	edited, err := client.Zones.Settings.Edit(ctx, id, zones.SettingEditParams{
		ZoneID: cloudflare.F(zone.ID),
		Body:   zones.SettingEditParamsBody{Value: cloudflare.F(value)},
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(edited.Value), nil
}

func get(zone *zones.Zone, id string) (string, error) {
	got, err := client.Zones.Settings.Get(ctx, id, zones.SettingGetParams{ZoneID: cloudflare.F(zone.ID)})
	if err != nil {
		return "", err
	}
	return fmt.Sprint(got.Value), nil
}

func TestEveryEnforcedSettingTakesAndReturnsEachOfItsValues(t *testing.T) {
	zone := newZone(t, "values")
	for id, values := range enforced {
		for _, value := range values {
			checks.Equal(t, checks.Must[string](t)(edit(zone, id, value)), value)
			checks.Equal(t, checks.Must[string](t)(get(zone, id)), value)
		}
	}
}

func TestGrpcGoesOnUnderFullAndStrictAndOnlyThere(t *testing.T) {
	zone := newZone(t, "grpc")
	must := checks.Must[string](t)
	for _, mode := range []string{"full", "strict"} {
		must(edit(zone, "ssl", mode))
		checks.Equal(t, must(edit(zone, "grpc", "on")), "on")
		checks.Equal(t, must(edit(zone, "grpc", "off")), "off")
	}
	for _, mode := range []string{"off", "flexible"} {
		must(edit(zone, "ssl", mode))
		_, err := edit(zone, "grpc", "on")
		checks.Refused(t, err, 400, 1007, "ssl")
	}
}

func TestABadValueOrAnUnknownSettingIsRefused(t *testing.T) {
	zone := newZone(t, "bad-values")
	for id := range enforced {
		for _, bad := range []any{"nonsense", 7, map[string]bool{"on": true}} {
			_, err := edit(zone, id, bad)
			checks.Refused(t, err, 400, 1007, id)
		}
	}
	_, err := edit(zone, "grpc_over_pigeons", "on")
	checks.Refused(t, err, 400, 1006, "")
	_, err = get(zone, "grpc_over_pigeons")
	checks.Refused(t, err, 400, 1006, "")
}
