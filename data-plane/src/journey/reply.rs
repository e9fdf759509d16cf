use super::{
    Edge, Stop,
    account::Account,
    answer::{self, Audience, Signature},
    body::EdgeBody,
    locate::Asked,
};
use crate::telemetry::Outcome;
use bytes::Bytes;
use http::Response;
use policy::refusal::Refusal;

/// How one request is answered if its journey ends at the edge.
pub(super) struct Reply<'a> {
    pub(super) edge: &'a Edge,
    pub(super) audience: Audience,
    pub(super) path: &'a str,
    /// The visitor asked for the head alone (RFC 9110, 9.3.2).
    pub(super) head_only: bool,
    pub(super) signature: Signature,
}

impl Reply<'_> {
    /// Ends a journey that does not reach an origin, or comes back from it without an answer.
    pub(super) fn stop(
        &self,
        stop: &Stop,
        asked: Option<&Asked<'_>>,
        mut account: Account,
    ) -> Response<EdgeBody> {
        let answer = self.answer(stop, asked, &mut account);
        answer.map(|bytes| EdgeBody::whole(bytes.filter(|_| !self.head_only), account))
    }

    fn answer(
        &self,
        stop: &Stop,
        asked: Option<&Asked<'_>>,
        account: &mut Account,
    ) -> Response<Option<Bytes>> {
        let internal = Refusal::Internal.into();
        let failure = match (stop, asked) {
            (Stop::Redirect(to), Some(asked)) => {
                let answer = answer::redirect(*to, asked, self.path, self.edge.ports, &self.signature);
                account.answered(answer.status(), Outcome::Redirected);
                return answer;
            }
            // Only a located request can be redirected, and that one has a host.
            (Stop::Redirect(_), None) => &internal,
            (Stop::Refused(failure), _) => failure,
        };
        account.refused(failure);
        answer::refuse(failure, self.audience, asked.map_or("", |asked| asked.host.as_ref()), &self.signature)
    }
}
