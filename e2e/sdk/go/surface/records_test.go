package surface

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/dns"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/zones"

	"orangery/e2e/sdk/checks"
)

func address(name, content string) dns.ARecordParam {
	return dns.ARecordParam{
		Name:    cloudflare.F(name),
		Type:    cloudflare.F(dns.ARecordTypeA),
		Content: cloudflare.F(content),
		TTL:     cloudflare.F(dns.TTL1),
		Proxied: cloudflare.F(false),
	}
}

func create(zone *zones.Zone, body dns.RecordNewParamsBodyUnion, options ...option.RequestOption) (*dns.RecordResponse, error) {
	return client.DNS.Records.New(ctx, dns.RecordNewParams{ZoneID: cloudflare.F(zone.ID), Body: body}, options...)
}

func list(t *testing.T, zone *zones.Zone, filter dns.RecordListParams) []dns.RecordResponse {
	t.Helper()
	filter.ZoneID = cloudflare.F(zone.ID)
	return checks.All(t, client.DNS.Records.ListAutoPaging(ctx, filter))
}

func TestEachTypeIsCreatedReadAndRemoved(t *testing.T) {
	zone := newZone(t, "types")
	text := func(value string) dns.RecordNewParamsBody {
		return dns.RecordNewParamsBody{Content: cloudflare.F(value)}
	}
	mail := text("mail.example.com")
	mail.Priority = cloudflare.F(10.0)
	kinds := map[dns.RecordNewParamsBodyType]dns.RecordNewParamsBody{
		dns.RecordNewParamsBodyTypeA:     text("192.0.2.7"),
		dns.RecordNewParamsBodyTypeAAAA:  text("2001:db8::7"),
		dns.RecordNewParamsBodyTypeCNAME: text("target.example.com"),
		dns.RecordNewParamsBodyTypeTXT:   text("v=spf1 -all"),
		dns.RecordNewParamsBodyTypeMX:    mail,
		dns.RecordNewParamsBodyTypeNS:    text("ns.example.com"),
	}
	for kind, body := range kinds {
		body.Name = cloudflare.F(fmt.Sprintf("each-%s", kind))
		body.Type = cloudflare.F(kind)
		body.TTL = cloudflare.F(dns.TTL1)
		made := checks.Must[*dns.RecordResponse](t)(create(zone, body))
		checks.Equal(t, made.Content, body.Content.Value)
		got := checks.Must[*dns.RecordResponse](t)(
			client.DNS.Records.Get(ctx, made.ID, dns.RecordGetParams{ZoneID: cloudflare.F(zone.ID)}))
		checks.Equal(t, string(got.Type), string(kind))
		checks.Equal(t, raw(t, got).Priority, body.Priority.Value)
		gone := checks.Must[*dns.RecordDeleteResponse](t)(
			client.DNS.Records.Delete(ctx, made.ID, dns.RecordDeleteParams{ZoneID: cloudflare.F(zone.ID)}))
		checks.Equal(t, gone.ID, made.ID)
		_, err := client.DNS.Records.Get(ctx, made.ID, dns.RecordGetParams{ZoneID: cloudflare.F(zone.ID)})
		checks.Refused(t, err, 404, 81044, "")
	}
}

func TestStructuredTypesAreWrittenAsDataAndReadAsContent(t *testing.T) {
	zone := newZone(t, "structured")
	for content, body := range map[string]dns.RecordNewParamsBodyUnion{
		`0 issue "letsencrypt.org"`: dns.CAARecordParam{
			Name: cloudflare.F("caa"), Type: cloudflare.F(dns.CAARecordTypeCAA), TTL: cloudflare.F(dns.TTL1),
			Data: cloudflare.F(dns.CAARecordDataParam{
				Flags: cloudflare.F(0.0), Tag: cloudflare.F("issue"), Value: cloudflare.F("letsencrypt.org"),
			}),
		},
		"20 443 api.example.com": dns.SRVRecordParam{
			Name: cloudflare.F("_grpc._tcp"), Type: cloudflare.F(dns.SRVRecordTypeSRV), TTL: cloudflare.F(dns.TTL1),
			Data: cloudflare.F(dns.SRVRecordDataParam{
				Priority: cloudflare.F(10.0), Weight: cloudflare.F(20.0), Port: cloudflare.F(443.0), Target: cloudflare.F("api.example.com"),
			}),
		},
		`1 . alpn="h2"`: dns.HTTPSRecordParam{
			Name: cloudflare.F("https"), Type: cloudflare.F(dns.HTTPSRecordTypeHTTPS), TTL: cloudflare.F(dns.TTL1),
			Data: cloudflare.F(dns.HTTPSRecordDataParam{
				Priority: cloudflare.F(1.0), Target: cloudflare.F("."), Value: cloudflare.F(`alpn="h2"`),
			}),
		},
	} {
		made := checks.Must[*dns.RecordResponse](t)(create(zone, body))
		checks.Equal(t, made.Content, content)
	}
	checks.Equal(t, len(list(t, zone, dns.RecordListParams{Type: cloudflare.F(dns.RecordListParamsTypeSRV)})), 1)
}

// The SDK does not know `origin`; it is set and read as raw JSON.
func TestTheOriginIsSetAsRawJsonAndSurvivesAPutThatDoesNotKnowIt(t *testing.T) {
	zone := newZone(t, "origin")
	proxied := address("keeps", "192.0.2.1")
	proxied.Proxied = cloudflare.F(true)
	made := checks.Must[*dns.RecordResponse](t)(
		create(zone, proxied, option.WithJSONSet("origin", map[string]any{"port": 8443, "protocol": "grpcs"})))
	checks.Equal(t, raw(t, made).Origin.Port, 8443)
	proxied.Content = cloudflare.F("192.0.2.2")
	put := checks.Must[*dns.RecordResponse](t)(
		client.DNS.Records.Update(ctx, made.ID, dns.RecordUpdateParams{ZoneID: cloudflare.F(zone.ID), Body: proxied}))
	checks.Equal(t, put.Content, "192.0.2.2")
	checks.Equal(t, raw(t, put).Origin.Port, 8443)
	cleared := checks.Must[*dns.RecordResponse](t)(client.DNS.Records.Edit(ctx, made.ID, dns.RecordEditParams{
		ZoneID: cloudflare.F(zone.ID),
		Body:   proxied,
	}, option.WithJSONSet("origin", nil)))
	checks.Equal(t, raw(t, cleared).Origin.Port, 0)
}

// extras are fields that the SDK does not carry over: it does not know `origin`, and takes records of all types for those of one type.
type extras struct {
	Priority float64
	Origin   struct{ Port int }
}

func raw(t *testing.T, record *dns.RecordResponse) extras {
	t.Helper()
	var found extras
	if err := json.Unmarshal([]byte(record.JSON.RawJSON()), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTwinsACnameBesideAnAddressAndBadContentAreRefused(t *testing.T) {
	zone := newZone(t, "twins")
	checks.Must[*dns.RecordResponse](t)(create(zone, address("twin", "192.0.2.1")))
	_, err := create(zone, address("twin", "192.0.2.1"))
	checks.Refused(t, err, 400, 81058, "already exist")
	_, err = create(zone, dns.CNAMERecordParam{
		Name:    cloudflare.F("twin"),
		Type:    cloudflare.F(dns.CNAMERecordTypeCNAME),
		Content: cloudflare.F("other.example.com"),
		TTL:     cloudflare.F(dns.TTL1),
	})
	checks.Refused(t, err, 400, 81053, "with that host already exists")
	_, err = create(zone, address("bad", "nonsense"))
	checks.Refused(t, err, 400, 9005, "valid IPv4 address")
	checks.Equal(t, len(list(t, zone, dns.RecordListParams{})), 1)
}

func TestListingRecordsEndsAndFiltersHold(t *testing.T) {
	zone := newZone(t, "many")
	for index := 1; index <= 7; index++ {
		checks.Must[*dns.RecordResponse](t)(create(zone, address(fmt.Sprintf("many-%d", index), fmt.Sprintf("192.0.2.%d", index))))
	}
	seen := map[string]bool{}
	for _, record := range list(t, zone, dns.RecordListParams{PerPage: cloudflare.F(5.0)}) {
		seen[record.Name] = true
	}
	checks.Equal(t, len(seen), 7)
	exact := list(t, zone, dns.RecordListParams{
		Content: cloudflare.F(dns.RecordListParamsContent{Exact: cloudflare.F("192.0.2.3")}),
	})
	checks.Equal(t, len(exact), 1)
	checks.Equal(t, exact[0].Name, "many-3."+zone.Name)
	past := checks.All(t, client.DNS.Records.ListAutoPaging(ctx, dns.RecordListParams{
		ZoneID: cloudflare.F(zone.ID),
		Page:   cloudflare.F(99.0),
	}))
	checks.Equal(t, len(past), 0)
}
