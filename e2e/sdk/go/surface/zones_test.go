package surface

import (
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

func getZone(id string) (*zones.Zone, error) {
	return client.Zones.Get(ctx, zones.ZoneGetParams{ZoneID: cloudflare.F(id)})
}

func TestAZoneIsActiveAtOnceAndHasNameServers(t *testing.T) {
	zone := newZone(t, "sdk-go")
	got := checks.Must[*zones.Zone](t)(getZone(zone.ID))
	checks.Equal(t, got.Name, zoneName("sdk-go"))
	checks.Equal(t, got.Status, zones.ZoneStatusActive)
	checks.Equal(t, got.Account.ID, account)
	if len(got.NameServers) < 2 || got.CreatedOn.IsZero() {
		t.Errorf("name servers or the time of creation are missing in %s", got.JSON.RawJSON())
	}
}

func TestListingZonesEndsWhateverThePageSize(t *testing.T) {
	made := map[string]bool{}
	for _, label := range []string{"page-a", "page-b", "page-c", "page-d", "page-e", "page-f"} {
		made[newZone(t, label).ID] = true
	}
	for _, size := range []float64{5, 50} {
		seen := map[string]bool{}
		for _, zone := range checks.All(t, client.Zones.ListAutoPaging(ctx, zones.ZoneListParams{PerPage: cloudflare.F(size)})) {
			if seen[zone.ID] {
				t.Errorf("%s is listed twice", zone.Name)
			}
			seen[zone.ID] = true
		}
		for id := range made {
			checks.Equal(t, seen[id], true)
		}
	}
}

func TestAZoneIsFoundByNameAndNothingByANameNobodyHas(t *testing.T) {
	zone := newZone(t, "named")
	named := func(name string) []zones.Zone {
		return checks.All(t, client.Zones.ListAutoPaging(ctx, zones.ZoneListParams{Name: cloudflare.F(name)}))
	}
	found := named(zone.Name)
	checks.Equal(t, len(found), 1)
	checks.Equal(t, found[0].ID, zone.ID)
	checks.Equal(t, len(named("_acme-challenge."+zone.Name)), 0)
}

func TestAZoneCanBePausedAndResumed(t *testing.T) {
	zone := newZone(t, "paused")
	for _, paused := range []bool{true, false} {
		edited := checks.Must[*zones.Zone](t)(client.Zones.Edit(ctx, zones.ZoneEditParams{
			ZoneID: cloudflare.F(zone.ID),
			Paused: cloudflare.F(paused),
		}))
		checks.Equal(t, edited.Paused, paused)
	}
}

func TestANameThatExistsOrIsNoDomainIsRefused(t *testing.T) {
	zone := newZone(t, "exists")
	_, err := createZone(zone.Name)
	checks.Refused(t, err, 400, 1061, "already exists")
	for _, bad := range []string{"", "localhost", "sp ace.test"} {
		_, err := createZone(bad)
		checks.Refused(t, err, 400, 1002, "")
	}
}

func TestActivationAndPlansAreAnswered(t *testing.T) {
	zone := newZone(t, "plans")
	triggered := checks.Must[*zones.ActivationCheckTriggerResponse](t)(client.Zones.ActivationCheck.Trigger(
		ctx, zones.ActivationCheckTriggerParams{ZoneID: cloudflare.F(zone.ID)}))
	checks.Equal(t, triggered.ID, zone.ID)
	plans := checks.All(t, client.Zones.Plans.ListAutoPaging(ctx, zones.PlanListParams{ZoneID: cloudflare.F(zone.ID)}))
	if len(plans) == 0 {
		t.Error("there is no plan")
	}
}

func TestADeletedZoneIsGone(t *testing.T) {
	doomed := newZone(t, "doomed")
	gone := checks.Must[*zones.ZoneDeleteResponse](t)(
		client.Zones.Delete(ctx, zones.ZoneDeleteParams{ZoneID: cloudflare.F(doomed.ID)}))
	checks.Equal(t, gone.ID, doomed.ID)
	_, err := getZone(doomed.ID)
	checks.Refused(t, err, 404, checks.AnyCode, "")
}
