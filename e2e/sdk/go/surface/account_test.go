package surface

import (
	"strings"
	"testing"

	"github.com/cloudflare/cloudflare-go/v7"
	"github.com/cloudflare/cloudflare-go/v7/accounts"
	"github.com/cloudflare/cloudflare-go/v7/ips"
	"github.com/cloudflare/cloudflare-go/v7/memberships"
	"github.com/cloudflare/cloudflare-go/v7/option"
	"github.com/cloudflare/cloudflare-go/v7/user"

	"orangery/e2e/sdk/checks"
)

func TestAGoodTokenVerifies(t *testing.T) {
	verified := checks.Must[*user.TokenVerifyResponse](t)(client.User.Tokens.Verify(ctx))
	checks.Equal(t, verified.Status, user.TokenVerifyResponseStatusActive)
}

func TestAnUnknownTokenIsToldSo(t *testing.T) {
	_, err := client.User.Tokens.Verify(ctx, option.WithAPIToken(strings.Repeat("x", 40)))
	checks.Refused(t, err, 401, 1000, "token")
}

func TestAMalformedTokenIsToldSo(t *testing.T) {
	_, err := client.User.Tokens.Verify(ctx, option.WithAPIToken("not a token"))
	refusal := checks.Refused(t, err, 400, 6003, "")
	if !strings.Contains(refusal.JSON.RawJSON(), "6111") {
		t.Errorf("the chain of errors is missing in %v", refusal)
	}
}

func TestTheUserTheAccountAndTheMembershipAreAnswered(t *testing.T) {
	got := checks.Must[*user.UserGetResponse](t)(client.User.Get(ctx))
	if got.ID == "" {
		t.Error("a user without an id")
	}
	found := checks.Must[*accounts.Account](t)(
		client.Accounts.Get(ctx, accounts.AccountGetParams{AccountID: cloudflare.F(account)}))
	checks.Equal(t, found.ID, account)
	joined := checks.All(t, client.Memberships.ListAutoPaging(ctx, memberships.MembershipListParams{}))
	checks.Equal(t, len(joined), 1)
	checks.Equal(t, joined[0].Account.ID, account)
}

func TestTheAddressesOfTheEdgeArePublic(t *testing.T) {
	listed := checks.Must[*ips.IPListResponse](t)(client.IPs.List(ctx, ips.IPListParams{}))
	if !strings.Contains(listed.JSON.RawJSON(), "ipv4_cidrs") {
		t.Errorf("no addresses in %s", listed.JSON.RawJSON())
	}
}

func TestAnUnknownPathIsA404InTheEnvelope(t *testing.T) {
	var answer map[string]any
	err := client.Get(ctx, "no/such/path", nil, &answer)
	refusal := checks.Refused(t, err, 404, 7003, "route")
	checks.Equal(t, len(refusal.Errors), 2)
	checks.Equal(t, refusal.Errors[1].Code, 7000)
}
