"""python-openstackclient: who there is, and who may."""

from __future__ import annotations

from tests.journeys.clients.table import Group, Row

_NO_GROUPS = "There are no groups of users: roles are given to users."
_FIXED_ROLES = "The roles are admin, member and reader, and what they may do is fixed."
_FIXED_CATALOG = "The catalog is made of the settings `regions` and `public_url`."
_NO_LIMITS = "There are no limits kept with Identity; quotas of object storage are metadata of accounts and containers."
_NO_TRUSTS = "No trusts: application credentials let a program act for a user."
_NO_KEYS = "No keys are kept for other services."
_NO_FEDERATION = "Users are kept here; no other provider of identities is asked."
_NO_POLICIES = "What roles may do is fixed."

GROUPS = [
    Group(
        "openstack",
        "Tokens, catalog, application credentials",
        [
            Row("token issue -f value -c id", keep="token"),
            Row("token revoke $token"),
            Row("catalog list", "object-store"),
            Row("catalog show image", "public: http"),
            Row("versions show", "identity"),
            Row("configuration show", "RegionOne"),
            Row("application credential create robot-$run --role member -f value -c id", keep="robot"),
            Row("application credential list", "robot-$run"),
            Row("application credential show robot-$run", "$robot"),
            Row("application credential delete robot-$run"),
            Row(
                "application credential create looker-$run --access-rules "
                '\'[{"service": "image", "method": "GET", "path": "/v2/images"}]\''
            ),
            Row("application credential delete looker-$run"),
            Row("access rule list -f value -c ID", r"(\w+)", keep="rule"),
            Row("access rule show $rule", "/v2/images"),
            Row("access rule delete $rule"),
            Row("user password set --original-password $password --password $password"),
            Row("project list", "$project"),
            Row("project show $project_id", "$project"),
        ],
    ),
    Group(
        "openstack",
        "Projects, users, roles, domains",
        [
            Row("project create shop-$run --description one -f value -c id", keep="shop", who="admin"),
            Row("project create shop-$run --or-show -f value -c id", "$shop", who="admin"),
            Row("project list", "shop-$run", who="admin"),
            Row("project set shop-$run --description two --disable", who="admin"),
            Row("project set shop-$run --tag x", "tags", why="Projects have no tags.", who="admin"),
            Row("project set shop-$run --enable", who="admin"),
            Row("project show shop-$run", "two", who="admin"),
            Row("user create jon-$run --project shop-$run --password pw -f value -c id", keep="jon", who="admin"),
            Row("user list", "jon-$run", who="admin"),
            Row("user list --project shop-$run", who="admin"),
            Row("user set jon-$run --email jon@example.com", who="admin"),
            Row("user show jon-$run", "$jon", who="admin"),
            Row("role list", "reader", who="admin"),
            Row("role show member", "member", who="admin"),
            Row("role add --user jon-$run --project shop-$run member", who="admin"),
            Row("role assignment list --names --project shop-$run", "jon-$run@Default", who="admin"),
            Row("role remove --user jon-$run --project shop-$run member", who="admin"),
            Row("role create painter-$run", why=_FIXED_ROLES, who="admin"),
            Row("role set reader --name looker", why=_FIXED_ROLES, who="admin"),
            Row("role delete reader", why=_FIXED_ROLES, who="admin"),
            Row("implied role list", why=_FIXED_ROLES, who="admin", family="implied role"),
            Row("user delete jon-$run", who="admin"),
            Row("project delete shop-$run", who="admin"),
            Row("domain create west-$run", "west-$run", who="admin"),
            Row("domain list", "west-$run", who="admin"),
            Row("domain set west-$run --description two --disable", who="admin"),
            Row("domain show west-$run", "False", who="admin"),
            Row("domain delete west-$run", who="admin"),
            Row("group list", why=_NO_GROUPS, who="admin", family="group"),
        ],
    ),
    Group(
        "openstack",
        "The rest of Identity",
        [
            Row("region list", "RegionOne", who="admin"),
            Row("region show RegionOne", "RegionOne", who="admin"),
            Row("region create two", why=_FIXED_CATALOG, who="admin"),
            Row("region set RegionOne --description x", why=_FIXED_CATALOG, who="admin"),
            Row("region delete RegionOne", why=_FIXED_CATALOG, who="admin"),
            Row("service list", "object-store", who="admin"),
            Row("service show image", "image", who="admin"),
            Row("service create compute", why=_FIXED_CATALOG, who="admin"),
            Row("service set image --name x", why=_FIXED_CATALOG, who="admin"),
            Row("service delete image", why=_FIXED_CATALOG, who="admin"),
            Row(
                "endpoint list --service image --interface public -f value -c ID",
                keep="endpoint",
                who="admin",
            ),
            Row("endpoint show $endpoint", "public", who="admin"),
            Row("endpoint create image public http://127.0.0.1", why=_FIXED_CATALOG, who="admin"),
            Row("endpoint set $endpoint --url http://127.0.0.1", why=_FIXED_CATALOG, who="admin"),
            Row("endpoint delete $endpoint", why=_FIXED_CATALOG, who="admin"),
            Row("endpoint add project $endpoint $project_id", why=_FIXED_CATALOG, who="admin"),
            Row("endpoint remove project $endpoint $project_id", why=_FIXED_CATALOG, who="admin"),
            Row("endpoint group list", why=_FIXED_CATALOG, who="admin", family="endpoint group"),
            Row("limit list"),
            Row("registered limit list"),
            Row("limit show x", why=_NO_LIMITS, who="admin", family="limit"),
            Row("registered limit show x", why=_NO_LIMITS, who="admin", family="registered limit"),
            Row("trust list", why=_NO_TRUSTS, family="trust"),
            Row("credential list", why=_NO_KEYS, who="admin", family="credential"),
            Row("ec2 credentials list", why=_NO_KEYS, family="ec2 credentials"),
            Row("policy list", why=_NO_POLICIES, who="admin", family="policy"),
            Row("consumer list", why=_NO_FEDERATION, who="admin", family="consumer"),
            Row("federation project list", "$project"),
            Row("federation domain list"),
            Row("federation protocol list --identity-provider x", why=_NO_FEDERATION, family="federation protocol"),
            Row("identity provider list", why=_NO_FEDERATION, who="admin", family="identity provider"),
            Row("mapping list", why=_NO_FEDERATION, who="admin", family="mapping"),
            Row("service provider list", why=_NO_FEDERATION, who="admin", family="service provider"),
            Row(
                "request token create --consumer-key k --consumer-secret s --project $project",
                why=_NO_FEDERATION,
                family="request token",
            ),
            Row(
                "access token create --consumer-key k --consumer-secret s --request-key k --request-secret s "
                "--verifier v",
                why=_NO_FEDERATION,
                family="access token",
            ),
        ],
    ),
]
