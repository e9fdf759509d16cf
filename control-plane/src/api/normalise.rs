//! Sloppy base URLs: doubled and trailing slashes mean the same as single ones and none.

use axum::http::{Request, Uri, uri::PathAndQuery};

/// Where slashes at the end matter, since pages refer to their neighbours.
const PAGES: &str = "/client/v4/orangery/docs";

pub(super) fn slashes<B>(mut request: Request<B>) -> Request<B> {
    if let Some(uri) = cleaned(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn cleaned(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.starts_with(PAGES) || !(path.contains("//") || (path.len() > 1 && path.ends_with('/'))) {
        return None;
    }
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut text = segments.fold(String::with_capacity(path.len()), |path, segment| path + "/" + segment);
    if text.is_empty() {
        text.push('/');
    }
    if let Some(query) = uri.query() {
        text = text + "?" + query;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_made_single() {
        for (sloppy, clean) in [
            ("/client/v4//zones/", "/client/v4/zones"),
            ("//client/v4/zones?name=a//b/", "/client/v4/zones?name=a//b/"),
            ("/", "/"),
            ("//", "/"),
            ("/client/v4/zones", "/client/v4/zones"),
            ("/client/v4/orangery/docs/", "/client/v4/orangery/docs/"),
        ] {
            let request = Request::builder().uri(sloppy).body(()).expect("a request");
            assert_eq!(slashes(request).uri().to_string(), clean, "{sloppy}");
        }
    }
}
