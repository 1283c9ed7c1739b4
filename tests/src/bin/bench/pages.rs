//! Pages through the gateway, as people's browsers ask for them.

use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Method;

use crate::load::{self, Call};
use crate::report::Report;

const TIME: Duration = Duration::from_secs(5);
/// People who look at once; each asks again as soon as the page is there, which no person does.
const CALLERS: usize = 50;

/// Measures and adds the table to the report. `headers` hold a token and take gzip.
pub(crate) async fn measure(report: &mut Report, gateway: &str, headers: &[(&'static str, String)]) -> Result<()> {
    let page = |path: &str| Call {
        method: Method::GET,
        address: gateway.to_owned(),
        path: path.to_owned(),
        headers: headers.to_vec(),
        body: "",
    };
    report.heading(&format!("Pages through the gateway, {CALLERS} callers without a pause, and one"));
    report.row(&["", "weight, gzip", "p50", "p99", "per second", "1 caller, p99"]);
    for (name, path) in [
        ("overview", "/overview"),
        ("one tenant", "/tenants/tenant-0500"),
        ("all licences, first page", "/licences"),
        ("all licences, a search", "/licences?q=office&sort=-free"),
        ("all licences as CSV", "/licences.csv"),
        ("whether anything changed", "/api/v1/revision"),
    ] {
        let call = page(path);
        let mut connection = load::connect(&call.address).await?;
        let bytes = load::once(&mut connection, &call).await?.len();
        let alone = load::run(&call, 1, TIME / 2).await?;
        let crowd = if path == "/licences.csv" { None } else { Some(load::run(&call, CALLERS, TIME).await?) };
        let ms = |value: f64| format!("{value:.1} ms");
        let [p50, p99, rate] = crowd.map_or(["–".to_owned(), "–".to_owned(), "–".to_owned()], |crowd| {
            [ms(crowd.quantile_ms(0.5)), ms(crowd.quantile_ms(0.99)), format!("{:.0}", crowd.per_second)]
        });
        report.row(&[name, &kilobytes(bytes), &p50, &p99, &rate, &ms(alone.quantile_ms(0.99))]);
    }
    report
        .line(&format!("Style, scripts and icon: {} once, then kept for ever.", kilobytes(assets(&page("/")).await?)));
    Ok(())
}

/// What a page loads besides itself.
async fn assets(main_page: &Call) -> Result<usize> {
    let mut connection = load::connect(&main_page.address).await?;
    let plain = Call { headers: vec![], ..main_page.clone() };
    let html = String::from_utf8(load::once(&mut connection, &plain).await?.to_vec())?;
    let address = html.split('"').find(|word| word.starts_with("/assets/")).context("the main page names no asset")?;
    let folder = address.rsplit_once('/').context("an asset without a folder")?.0;
    let mut bytes = 0;
    for name in ["style.css", "icon.svg", "app.js", "ages.js", "api.js", "instant.js", "live.js", "poll.js", "toast.js"]
    {
        let call = Call { path: format!("{folder}/{name}"), ..main_page.clone() };
        bytes += load::once(&mut connection, &call).await?.len();
    }
    Ok(bytes)
}

fn kilobytes(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}
