package surface

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

// state is what the zone holds, as "label=content" in order.
func state(t *testing.T, zone *zones.Zone) string {
	t.Helper()
	var held []string
	for _, record := range list(t, zone, dns.RecordListParams{}) {
		held = append(held, strings.TrimSuffix(record.Name, "."+zone.Name)+"="+record.Content)
	}
	sort.Strings(held)
	return strings.Join(held, " ")
}

func batch(zone *zones.Zone, steps dns.RecordBatchParams) (*dns.RecordBatchResponse, error) {
	steps.ZoneID = cloudflare.F(zone.ID)
	return client.DNS.Records.Batch(ctx, steps)
}

func deletes(ids ...string) []dns.RecordBatchParamsDelete {
	var steps []dns.RecordBatchParamsDelete
	for _, id := range ids {
		steps = append(steps, dns.RecordBatchParamsDelete{ID: cloudflare.F(id)})
	}
	return steps
}

func TestABatchDeletesPatchesPutsAndPostsInThatOrder(t *testing.T) {
	zone := newZone(t, "batch")
	must := checks.Must[*dns.RecordBatchResponse](t)
	made := must(batch(zone, dns.RecordBatchParams{Posts: cloudflare.F([]dns.RecordBatchParamsPostUnion{
		address("old", "192.0.2.1"), address("patched", "192.0.2.1"), address("put", "192.0.2.1"),
	})})).Posts
	done := must(batch(zone, dns.RecordBatchParams{
		Deletes: cloudflare.F(deletes(made[0].ID)),
		Patches: cloudflare.F([]dns.BatchPatchUnionParam{
			dns.BatchPatchARecordParam{ID: cloudflare.F(made[1].ID), ARecordParam: address("patched", "192.0.2.2")},
		}),
		Puts: cloudflare.F([]dns.BatchPutUnionParam{
			dns.BatchPutARecordParam{ID: cloudflare.F(made[2].ID), ARecordParam: address("put", "192.0.2.3")},
		}),
		Posts: cloudflare.F([]dns.RecordBatchParamsPostUnion{address("old", "192.0.2.1"), address("new", "192.0.2.4")}),
	}))
	counts := []int{len(done.Deletes), len(done.Patches), len(done.Puts), len(done.Posts)}
	checks.Equal(t, fmt.Sprint(counts), "[1 1 1 2]")
	checks.Equal(t, state(t, zone), "new=192.0.2.4 old=192.0.2.1 patched=192.0.2.2 put=192.0.2.3")
}

func TestABatchWithOneBadStepDoesNothingAtAll(t *testing.T) {
	zone := newZone(t, "all-or-nothing")
	kept := checks.Must[*dns.RecordResponse](t)(create(zone, address("kept", "192.0.2.1")))
	_, err := batch(zone, dns.RecordBatchParams{
		Deletes: cloudflare.F(deletes(kept.ID)),
		Posts:   cloudflare.F([]dns.RecordBatchParamsPostUnion{address("extra", "192.0.2.2"), address("bad", "nonsense")}),
	})
	checks.Refused(t, err, 400, 9005, "valid IPv4 address")
	_, err = batch(zone, dns.RecordBatchParams{Deletes: cloudflare.F(deletes(kept.ID, strings.Repeat("0", 32)))})
	checks.Refused(t, err, 404, 81044, "")
	checks.Equal(t, state(t, zone), "kept=192.0.2.1")
}

func TestABatchOf200IsOneStep(t *testing.T) {
	zone := newZone(t, "bulk")
	var posts []dns.RecordBatchParamsPostUnion
	for index := 1; index <= 200; index++ {
		posts = append(posts, address(fmt.Sprintf("bulk-%d", index), fmt.Sprintf("198.51.100.%d", index)))
	}
	done := checks.Must[*dns.RecordBatchResponse](t)(batch(zone, dns.RecordBatchParams{Posts: cloudflare.F(posts)}))
	checks.Equal(t, len(done.Posts), 200)
	checks.Equal(t, len(list(t, zone, dns.RecordListParams{PerPage: cloudflare.F(50.0)})), 200)
}
