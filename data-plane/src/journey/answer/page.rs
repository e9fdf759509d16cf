//! Answers for people and for programs that do not speak gRPC.

use super::{Signature, message};
use crate::origin::Failure;
use policy::refusal::Face;
use serde_json::json;

pub(super) fn text(face: &Face, failure: &Failure) -> String {
    format!("error code: {}\n{}\n", face.error_type, message(face, failure))
}

/// The shape that tools written for Cloudflare look for (`cloudflare_error`), next to our own words.
pub(super) fn json(face: &Face, failure: &Failure, host: &str, signature: &Signature) -> String {
    let name = face.reason.to_ascii_lowercase();
    let problem = json!({
        "type": format!("urn:orangery:error:{name}"),
        "title": format!("Error {}: {}", face.error_type, face.sentence),
        "status": face.http_status,
        "detail": message(face, failure),
        "instance": signature.ray.short(),
        "error_code": face.error_type,
        "error_name": name,
        "error_category": if name.starts_with("origin_") { "origin" } else { "edge" },
        "ray_id": signature.ray.to_string(),
        "zone": host,
        "node": &*signature.node,
        "revision": signature.revision.0,
        "edge_error": true,
        "cloudflare_error": true,
        "retryable": face.retry,
        "owner_action_required": !face.retry,
        "what_you_should_do": face.sentence,
        "grpc_status": face.grpc_status.code(),
    });
    problem.to_string()
}

pub(super) fn html(face: &Face, failure: &Failure, signature: &Signature) -> String {
    let advice = if face.retry {
        "Trying again in a moment may help."
    } else {
        "Trying again will not help until the owner of this site changes something."
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{code}: {sentence}</title>\n\
         <style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem;color:#333}}\
         h1{{font-size:1.5rem;color:#c60}}small{{color:#777}}</style>\n\
         <h1>Error {code}</h1>\n<p>{message}.</p>\n<p>{advice}</p>\n<p><small>Ray {ray} &middot; {reason}</small></p>\n",
        code = face.error_type,
        sentence = escape(face.sentence),
        message = escape(&message(face, failure)),
        ray = escape(&signature.ray.to_string()),
        reason = face.reason,
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journey::ray::Ray;
    use policy::{refusal::Refusal, revision::Revision};

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let failure = Failure::with(Refusal::OriginTlsFailed, "<script>alert('x')</script>");
        let signature = Signature { node: "n".into(), ray: Ray::new(1, "<b>"), revision: Revision(1) };
        let page = html(&failure.refusal.face(), &failure, &signature);
        assert!(!page.contains("<script>") && !page.contains("<b>") && page.contains("&lt;script&gt;"));
    }
}
