//! Pages through the gateway, as people's browsers ask for them.

use std::time::Duration;

use anyhow::{Context, Result};
use hyper::Method;

use crate::load::{self, Call, Crowd};
use crate::report::Report;

const TIME: Duration = Duration::from_secs(5);
/// People who look at once.
const CALLERS: usize = 50;
/// How long each of them looks at a page before the next one: 50 people then open about 480 pages a second, far more than
/// people do.
const PAUSE: Duration = Duration::from_millis(100);

/// Measures and adds the table to the report. `headers` hold a token and take gzip.
pub(crate) async fn measure(report: &mut Report, gateway: &str, headers: &[(&'static str, String)]) -> Result<()> {
    let page = |path: &str| Call {
        method: Method::GET,
        address: gateway.to_owned(),
        path: path.to_owned(),
        headers: headers.to_vec(),
        body: "",
    };
    report.heading(&format!("Pages through the gateway, {CALLERS} callers at once"));
    report.row(&[
        "",
        "weight, gzip",
        &format!("a pause of {} ms: p50", PAUSE.as_millis()),
        "p99",
        "no pause: p50",
        "p99",
        "per second",
        "1 caller, p99",
    ]);
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
        let alone = load::run(&call, Crowd::restless(1), TIME / 2).await?;
        let mut cells = vec![name.to_owned(), kilobytes(bytes)];
        if path == "/licences.csv" {
            cells.extend(["–"; 5].map(str::to_owned));
        } else {
            let people = load::run(&call, Crowd { callers: CALLERS, pause: PAUSE }, TIME).await?;
            let crowd = load::run(&call, Crowd::restless(CALLERS), TIME).await?;
            cells.extend([people.quantile_ms(0.5), people.quantile_ms(0.99)].map(ms));
            cells.extend([crowd.quantile_ms(0.5), crowd.quantile_ms(0.99)].map(ms));
            cells.push(format!("{:.0}", crowd.per_second));
        }
        cells.push(ms(alone.quantile_ms(0.99)));
        report.row(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    }
    report.line(&format!(
        "Without a pause {CALLERS} requests are always under way, so each waits for {CALLERS} answers: the time is \
         {CALLERS} divided by what two cores answer in a second, load generator included."
    ));
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

fn ms(value: f64) -> String {
    format!("{value:.1} ms")
}

fn kilobytes(bytes: usize) -> String {
    format!("{} kB", bytes.div_ceil(1000))
}
