//! The files that pages load: style sheet, scripts, icon. All are part of the program.

use std::sync::LazyLock;

use leitwarte_web::http::ETag;

/// A file that pages load.
#[derive(Debug)]
pub(crate) struct Asset {
    /// File name in the address.
    pub(crate) name: &'static str,
    /// `Content-Type`.
    pub(crate) content_type: &'static str,
    /// Content.
    pub(crate) text: &'static str,
    /// Hash of the content.
    pub(crate) tag: ETag,
}

/// The style sheet, from the ground up.
const STYLE: &str = concat!(
    include_str!("../../assets/style/tokens.css"),
    include_str!("../../assets/style/base.css"),
    include_str!("../../assets/style/frame.css"),
    include_str!("../../assets/style/components.css"),
    include_str!("../../assets/style/forms.css"),
    include_str!("../../assets/style/tables.css"),
    include_str!("../../assets/style/pages.css"),
    include_str!("../../assets/style/manage.css"),
);

const SCRIPT: &str = "text/javascript; charset=utf-8";

static ASSETS: LazyLock<[Asset; 15]> = LazyLock::new(|| {
    let asset =
        |name, content_type, text: &'static str| Asset { name, content_type, text, tag: ETag::of(text.as_bytes()) };
    [
        asset("style.css", "text/css; charset=utf-8", STYLE),
        asset("icon.svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
        asset("app.js", SCRIPT, include_str!("../../assets/script/app.js")),
        asset("api.js", SCRIPT, include_str!("../../assets/script/api.js")),
        asset("ages.js", SCRIPT, include_str!("../../assets/script/ages.js")),
        asset("instant.js", SCRIPT, include_str!("../../assets/script/instant.js")),
        asset("poll.js", SCRIPT, include_str!("../../assets/script/poll.js")),
        asset("live.js", SCRIPT, include_str!("../../assets/script/live.js")),
        asset("toast.js", SCRIPT, include_str!("../../assets/script/toast.js")),
        asset("roles.js", SCRIPT, include_str!("../../assets/script/roles.js")),
        asset("monitoring.js", SCRIPT, include_str!("../../assets/script/monitoring.js")),
        asset("incident.js", SCRIPT, include_str!("../../assets/script/incident.js")),
        asset("settings.js", SCRIPT, include_str!("../../assets/script/settings.js")),
        asset("docs.js", SCRIPT, include_str!("../../assets/script/docs.js")),
        asset("docs.css", "text/css; charset=utf-8", include_str!("../../assets/style/docs.css")),
    ]
});

/// One hash for all of them, so that a script finds the others of its version beside it.
static VERSION: LazyLock<ETag> = LazyLock::new(|| {
    let parts: Vec<_> = ASSETS.iter().flat_map(|asset| [asset.name.as_bytes(), asset.text.as_bytes()]).collect();
    ETag::of_parts(&parts)
});

/// The file of this name.
pub(crate) fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Whether an address names today's files, so that browsers may keep what they get.
pub(crate) fn is_today(version: &str) -> bool {
    version == VERSION.as_str()
}

/// The address under which browsers may keep a file for ever.
pub(crate) fn address(name: &str) -> String {
    debug_assert!(asset(name).is_some(), "no asset {name}");
    format!("/assets/{}/{name}", VERSION.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_names_another_host() {
        for asset in ASSETS.iter() {
            let text = asset.text.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["http:", "https:", "//cdn", "@import", "url(//"] {
                assert!(!text.contains(forbidden), "{}: {forbidden}", asset.name);
            }
        }
    }

    #[test]
    fn scripts_import_only_files_that_exist() {
        for script in ASSETS.iter().filter(|asset| asset.content_type == SCRIPT) {
            for line in script.text.lines().filter(|line| line.starts_with("import ")) {
                let name = line.split("\"./").nth(1).and_then(|rest| rest.split('"').next());
                assert!(name.is_some_and(|name| asset(name).is_some()), "{}: {line}", script.name);
            }
            for forbidden in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style", "localStorage"]
            {
                assert!(!script.text.contains(forbidden), "A7: {} uses {forbidden}", script.name);
            }
        }
    }

    #[test]
    fn a_page_is_renewed_once_a_minute_although_nothing_is_stored() {
        let script = asset("live.js").unwrap().text;
        let when = script.lines().find(|line| line.trim_start().starts_with("if (changed ||")).unwrap();
        assert!(when.contains("Date.now() - renewed > RENEW_MS"), "numbers grow old by themselves: {when}");
        assert!(script.contains("const RENEW_MS = 60000;"));
    }

    #[test]
    fn style_and_scripts_are_light() {
        let gzipped: usize = ASSETS.iter().map(|asset| leitwarte_web::http::gzip(asset.text.as_bytes()).len()).sum();
        assert!(gzipped < 30_000, "{gzipped} bytes");
    }
}
