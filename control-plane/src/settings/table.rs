//! The table. Ids and values are those of Cloudflare's clients, besides `grpc`, which is ours.

use super::{
    Definition,
    Effect::{Enforced, Kept},
    Enforced as Asked,
    Kind::{
        self, Ciphers, Digits, Enrolment, Fixed, Flag, Object, OneOf, Switch, Text, Texts, TimedSwitch, Whole,
    },
    kind::Whole as Amount,
    read,
};
use serde_json::Value;

/// Ordered by id.
pub(super) static TABLE: [Definition; 75] = [
    kept("0rtt", Switch(false), "TLS early data is never taken."),
    kept("advanced_ddos", Fixed("off"), "There is no such protection to switch on."),
    kept("aegis", Object(&[("enabled", Flag(false)), ("pool_id", ID)]), ""),
    kept("always_online", Switch(true), ""),
    enforced("always_use_https", Switch(false), read::always_use_https, ""),
    kept("automatic_https_rewrites", Switch(true), "Bodies pass unchanged."),
    kept("automatic_platform_optimization", PLATFORM_OPTIMIZATION, ""),
    kept("binary_ast", Switch(false), ""),
    kept("brotli", Switch(true), "Nodes do not compress."),
    kept(
        "browser_cache_ttl",
        Whole { allowed: Amount::OneOf(&BROWSER_CACHE_TTL), default: 14400 },
        "Seconds.",
    ),
    kept("browser_check", Switch(true), ""),
    kept("cache_level", one_of(&["aggressive", "basic", "simplified"]), "Nodes do not cache."),
    kept("challenge_ttl", Whole { allowed: Amount::OneOf(&CHALLENGE_TTL), default: 1800 }, "Seconds."),
    kept("china_network_enabled", Switch(false), ""),
    enforced(
        "ciphers",
        Ciphers,
        read::ciphers,
        "Of TLS 1.2. Names that nodes lack are kept and passed over; those of TLS 1.3 cannot be chosen.",
    ),
    kept(
        "cname_flattening",
        one_of(&["flatten_at_root", "flatten_all", "flatten_none"]),
        "Orangery serves no DNS.",
    ),
    kept("content_converter", Switch(false), ""),
    kept(
        "development_mode",
        TimedSwitch { seconds: 3 * 3600 },
        "It turns itself off after three hours; there is no cache to pass by.",
    ),
    kept("early_hints", Switch(false), ""),
    kept("edge_cache_ttl", Whole { allowed: Amount::OneOf(&EDGE_CACHE_TTL), default: 7200 }, "Seconds."),
    kept("email_obfuscation", Switch(true), "Bodies pass unchanged."),
    kept("filter_logs_to_cloudflare", Switch(false), ""),
    kept("fonts", Switch(false), ""),
    enforced("grpc", Switch(false), read::grpc, "Of Orangery. Needs `ssl` to be full or strict."),
    kept("h2_prioritization", one_of(&["off", "on", "custom"]), ""),
    kept("hotlink_protection", Switch(false), ""),
    enforced("http2", Switch(true), read::http2, "Without it no gRPC call is answered."),
    kept("http3", Switch(true), "Nodes do not speak HTTP/3."),
    kept("image_resizing", one_of(&["off", "on", "open"]), ""),
    enforced(
        "ip_geolocation",
        Switch(true),
        read::ip_geolocation,
        "Only where a node has a database of countries; without one no header is sent.",
    ),
    kept("ipv6", Switch(true), "Nodes answer on the addresses that they were given."),
    kept("log_to_cloudflare", Switch(false), ""),
    enforced(
        "max_upload",
        Whole { allowed: Amount::OneOf(&MAX_UPLOAD), default: 100 },
        read::max_upload,
        "Megabytes of one request's body, or of one message of a gRPC stream; 0, of Orangery, is no limit.",
    ),
    enforced(
        "min_tls_version",
        one_of(&["1.0", "1.1", "1.2", "1.3"]),
        read::min_tls_version,
        "1.0 and 1.1 mean 1.2, the lowest version that nodes speak.",
    ),
    kept("minify", Object(&[("css", Switch(false)), ("html", Switch(false)), ("js", Switch(false))]), ""),
    kept("mirage", Switch(false), ""),
    kept("nel", Object(&[("enabled", Flag(false))]), ""),
    kept("opportunistic_encryption", Switch(true), ""),
    kept("opportunistic_onion", Switch(true), ""),
    kept("orange_to_orange", Switch(false), ""),
    kept("origin_error_page_pass_thru", Switch(false), "What an origin answers always passes."),
    enforced(
        "origin_h2_max_streams",
        Whole { allowed: Amount::Between(1, 1000), default: 100 },
        read::origin_h2_max_streams,
        "Requests at once on one connection to an origin, which may ask for fewer.",
    ),
    enforced(
        "origin_max_http_version",
        OneOf { options: &["1", "2"], default: "2" },
        read::origin_max_http_version,
        "Under 1 no gRPC call is answered.",
    ),
    kept("polish", one_of(&["off", "lossless", "lossy"]), ""),
    kept("pre_render", Switch(false), ""),
    kept("prefetch_preload", Switch(false), ""),
    kept("privacy_pass", Switch(true), ""),
    enforced(
        "proxy_read_timeout",
        Digits { allowed: Amount::Between(1, 6000), default: 125 },
        read::proxy_read_timeout,
        "Seconds for which an origin may be silent on plain HTTP; gRPC has its deadlines.",
    ),
    kept("pseudo_ipv4", one_of(&["off", "add_header", "overwrite_header"]), ""),
    kept("redirects_for_ai_training", Switch(false), ""),
    kept("replace_insecure_js", Switch(false), "Bodies pass unchanged."),
    kept("response_buffering", Switch(false), "Nothing is ever buffered."),
    kept("rocket_loader", one_of(&["off", "on", "manual"]), "Bodies pass unchanged."),
    kept("search_for_agents", Switch(false), ""),
    enforced("security_header", SECURITY_HEADER, read::security_header, "`max_age` is in seconds."),
    kept(
        "security_level",
        OneOf {
            options: &["off", "essentially_off", "low", "medium", "high", "under_attack"],
            default: "medium",
        },
        "",
    ),
    kept("server_side_exclude", Switch(true), "Bodies pass unchanged."),
    kept("sha1_support", Switch(false), ""),
    kept("sort_query_string_for_cache", Switch(false), ""),
    kept("speed_brain", Switch(false), ""),
    enforced(
        "ssl",
        OneOf { options: &["off", "flexible", "full", "strict"], default: "full" },
        read::ssl,
        "",
    ),
    kept(
        "ssl_automatic_mode",
        OneOf { options: &["auto", "custom"], default: "custom" },
        "The mode only changes by `ssl`.",
    ),
    kept("ssl_recommender", Enrolment(false), "Shown and taken as `enabled` too."),
    enforced("tls_1_2_only", Switch(false), read::tls_1_2_only, "Overrules `tls_1_3`."),
    enforced(
        "tls_1_3",
        OneOf { options: &["on", "off", "zrt"], default: "on" },
        read::tls_1_3,
        "`zrt` means on: TLS early data is never taken.",
    ),
    kept("tls_client_auth", Switch(false), "Origins are shown no certificate."),
    kept("transformations", one_of(&["off", "on", "open"]), ""),
    kept("transformations_allowed_origins", Text { bytes_max: 4096, default: "*" }, ""),
    enforced("true_client_ip_header", Switch(false), read::true_client_ip_header, ""),
    kept("visitor_ip", Switch(true), ""),
    kept("waf", Switch(false), ""),
    kept("webmcp_enabled", Switch(false), ""),
    kept("webmcp_packs", Text { bytes_max: 4096, default: "" }, ""),
    kept("webp", Switch(false), ""),
    enforced("websockets", Switch(true), read::websockets, ""),
];

const ID: Kind = Text { bytes_max: 256, default: "" };

const SECURITY_HEADER: Kind = Object(&[(
    "strict_transport_security",
    Object(&[
        ("enabled", Flag(false)),
        // What fits into every delta-seconds (RFC 9111, 1.2.2).
        ("max_age", Whole { allowed: Amount::Between(0, 0x7fff_ffff), default: 0 }),
        ("include_subdomains", Flag(false)),
        ("preload", Flag(false)),
        ("nosniff", Flag(false)),
    ]),
)]);

const PLATFORM_OPTIMIZATION: Kind = Object(&[
    ("enabled", Flag(false)),
    ("cf", Flag(false)),
    ("wordpress", Flag(false)),
    ("wp_plugin", Flag(false)),
    ("hostnames", Texts { items_max: 100, bytes_max: 253 }),
    ("cache_by_device_type", Flag(false)),
]);

#[rustfmt::skip]
const BROWSER_CACHE_TTL: [i64; 28] = [
    0, 30, 60, 120, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400, 172_800, 259_200,
    345_600, 432_000, 691_200, 1_382_400, 2_073_600, 2_678_400, 5_356_800, 16_070_400, 31_536_000,
];

#[rustfmt::skip]
const CHALLENGE_TTL: [i64; 14] = [
    300, 900, 1800, 2700, 3600, 7200, 10800, 14400, 28800, 57600, 86400, 604_800, 2_592_000, 31_536_000,
];

#[rustfmt::skip]
const EDGE_CACHE_TTL: [i64; 21] = [
    30, 60, 300, 1200, 1800, 3600, 7200, 10800, 14400, 18000, 28800, 43200, 57600, 72000, 86400, 172_800, 259_200, 345_600,
    432_000, 518_400, 604_800,
];

#[rustfmt::skip]
const MAX_UPLOAD: [i64; 27] = [
    0, 100, 125, 150, 175, 200, 225, 250, 275, 300, 325, 350, 375, 400, 425, 450, 475, 500, 1000, 1500, 2000, 2500, 3000,
    3500, 4000, 4500, 5000,
];

const fn kept(id: &'static str, kind: Kind, note: &'static str) -> Definition {
    Definition { id, kind, effect: Kept, note }
}

const fn enforced(
    id: &'static str,
    kind: Kind,
    read: fn(&Value) -> Option<Asked>,
    note: &'static str,
) -> Definition {
    Definition { id, kind, effect: Enforced(read), note }
}

/// One of these texts, at first the first.
const fn one_of(options: &'static [&'static str]) -> Kind {
    OneOf { options, default: options[0] }
}
