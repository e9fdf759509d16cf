//! `orangery doctor`: what stands in the way, one line a check.

use crate::setup::ApiAccess;
use clap::Args;
use serde_json::Value;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    access: ApiAccess,
    /// A zone to look at, for example demo.test
    #[arg(long)]
    zone: Option<String>,
}

/// What was looked at, and what is wrong with it or how it is.
type Finding = (String, Result<String, String>);

impl Doctor {
    /// Fails if any check does.
    #[expect(clippy::print_stdout, reason = "the findings are what the command is for")]
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let findings = self.api().await;
        let failed = findings.iter().filter(|(_, found)| found.is_err()).count();
        for (what, found) in &findings {
            match found {
                Ok(how) => println!("ok    {what}: {how}"),
                Err(why) => println!("FAIL  {what}: {why}"),
            }
        }
        anyhow::ensure!(failed == 0, "{failed} of {} checks failed", findings.len());
        Ok(())
    }

    async fn api(&self) -> Vec<Finding> {
        let api = match self.access.api() {
            Ok(api) => api,
            Err(error) => return vec![("REST API".into(), Err(error.to_string()))],
        };
        let verified = api.get("/user/tokens/verify").await;
        let mut findings = vec![(
            "REST API".to_owned(),
            outcome(verified.map(|token| format!("token is {}", token["status"]))),
        )];
        if findings[0].1.is_ok() {
            let nodes = api.get("/orangery/nodes?per_page=50").await;
            findings.push((
                "nodes".into(),
                nodes.map_err(|error| error.to_string()).and_then(|nodes| fleet(&nodes)),
            ));
            if let Some(name) = &self.zone {
                let zones = api.get(&format!("/zones?name={name}")).await;
                match zones.as_ref().map(|zones| zones[0]["id"].as_str()) {
                    Ok(Some(id)) => findings.extend(switches(&api, id).await),
                    Ok(None) => findings.push((name.clone(), Err("there is no such zone".into()))),
                    Err(error) => findings.push((name.clone(), Err(error.to_string()))),
                }
            }
        }
        findings
    }
}

fn fleet(nodes: &Value) -> Result<String, String> {
    let nodes = nodes.as_array().map(Vec::as_slice).unwrap_or_default();
    let connected = nodes
        .iter()
        .filter(|node| ["connected", "needs_newer_node"].iter().any(|status| node["status"] == *status))
        .count();
    let told = format!("{connected} of {} connected", nodes.len());
    if connected == 0 { Err(format!("{told}; nothing enforces the settings")) } else { Ok(told) }
}

/// The three switches, which together decide whether gRPC is carried.
async fn switches(api: &crate::rest::Api, zone: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (setting, good, advice) in
        [("ssl", &["full", "strict"][..], "gRPC needs full or strict"), ("grpc", &["on"][..], "gRPC is off")]
    {
        let found = match api.get(&format!("/zones/{zone}/settings/{setting}")).await {
            Ok(setting) if good.iter().any(|good| setting["value"] == *good) => {
                Ok(setting["value"].to_string())
            }
            Ok(setting) => Err(format!("{}: {advice}", setting["value"])),
            Err(error) => Err(error.to_string()),
        };
        findings.push((setting.to_owned(), found));
    }
    findings
}

fn outcome(result: anyhow::Result<String>) -> Result<String, String> {
    result.map_err(|error| format!("{error:#}"))
}
