//! What answers without a token: main page, its files, health and readiness.

use crate::support;
use crate::support::World;
use http::Method;

async fn get(world: &World, address: &str, headers: &[(&str, &str)]) -> support::Reply {
    world.ask(Method::GET, address, headers).await
}

#[tokio::test]
async fn the_main_page_speaks_the_browsers_language() {
    let world = World::new().await;
    for (accept, language) in [("de-CH,de;q=0.9,en;q=0.8", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")] {
        let page = get(&world, "/", &[("accept-language", accept)]).await;
        assert_eq!((page.status, page.header("content-language")), (200, language), "{accept}");
        assert!(page.text().contains(&format!("<html lang=\"{language}\"")));
    }
}

#[tokio::test]
async fn the_main_page_says_the_same_with_and_without_customers() {
    let with = get(&World::with_tenants().await, "/", &[]).await;
    let without = get(&World::without_database().await, "/", &[]).await;
    assert_eq!(with.body, without.body);
}

#[tokio::test]
async fn the_main_page_may_load_and_run_nothing_from_elsewhere() {
    let page = get(&World::new().await, "/", &[]).await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none';") && !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
}

#[tokio::test]
async fn a14_every_file_the_page_names_comes_from_here() {
    let world = World::new().await;
    let page = get(&world, "/", &[]).await;
    let links: Vec<&str> = page.text().split(['"', '\'']).filter(|word| word.starts_with("/assets/")).collect();
    assert!(links.len() >= 2, "{links:?}");
    for link in links {
        let file = get(&world, link, &[]).await;
        assert_eq!((file.status, file.header("cache-control")), (200, "public, max-age=31536000, immutable"), "{link}");
        let again = get(&world, link, &[("if-none-match", file.header("etag"))]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    assert!(!page.text().contains("src=\"http") && !page.text().contains("href=\"http"));
}

#[tokio::test]
async fn a_file_under_an_old_hash_is_not_kept() {
    let world = World::new().await;
    for address in ["/assets/style.css", "/assets/0123/style.css"] {
        let file = get(&world, address, &[]).await;
        assert_eq!((file.status, file.header("cache-control")), (200, "public, no-cache"), "{address}");
    }
    for address in ["/assets/other.css", "/assets/../Cargo.toml", "/assets/a/b/style.css", "/assets/style.css/"] {
        assert_eq!(get(&world, address, &[]).await.status, 404, "{address}");
    }
}

#[tokio::test]
async fn the_icon_is_there_where_browsers_look_for_it() {
    let icon = get(&World::new().await, "/favicon.ico", &[]).await;
    assert_eq!((icon.status, icon.header("content-type")), (200, "image/svg+xml"));
}

#[tokio::test]
async fn health_needs_no_database_and_readiness_does() {
    let (with, without) = (World::new().await, World::without_database().await);
    for world in [&with, &without] {
        let alive = get(world, "/health", &[]).await;
        assert_eq!(
            (alive.status, alive.text(), alive.header("cache-control")),
            (200, r#"{"status":"alive"}"#, "no-store")
        );
    }
    let ready = get(&with, "/ready", &[]).await;
    assert_eq!((ready.status, ready.text()), (200, r#"{"status":"ready"}"#));
    let not_ready = get(&without, "/ready", &[]).await;
    assert_eq!((not_ready.status, not_ready.problem().as_str()), (503, "store-unavailable"));
    assert!(!not_ready.text().contains("poll-tenant") && !not_ready.text().contains(".db"), "no detail");
    without.writer().await;
    assert_eq!(get(&without, "/ready", &[]).await.status, 200, "ready as soon as the tables are there");
}

#[tokio::test]
async fn a_language_is_remembered_and_leads_back_to_the_page() {
    let world = World::new().await;
    let chosen = get(&world, "/preferences/language/de?return=%2Flicences%3Fq%3DE3", &[]).await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/licences?q=E3"));
    let cookie = chosen.cookies[0].split(';').next().unwrap();
    assert!(cookie.ends_with("language=de"), "{cookie}");
    let page = get(&world, "/", &[("cookie", cookie), ("accept-language", "en")]).await;
    assert_eq!(page.header("content-language"), "de");
    let dark = get(&world, "/preferences/theme/dark", &[]).await;
    let page = get(&world, "/", &[("cookie", dark.cookies[0].split(';').next().unwrap())]).await;
    assert!(page.text().contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn a_preference_leads_nowhere_but_to_our_pages_and_sets_nothing_else() {
    let world = World::new().await;
    for elsewhere in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2Fapi%2Fv1%2Fauth%2Flogout", "x", ""] {
        let answer = get(&world, &format!("/preferences/theme/dark?return={elsewhere}"), &[]).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"), "{elsewhere}");
    }
    for address in ["/preferences/leitwarte/x", "/preferences/theme/de", "/preferences/language/dark%3B%20Path"] {
        let answer = get(&world, address, &[]).await;
        assert_eq!((answer.status, answer.cookies.len()), (404, 0), "{address}");
    }
}

#[tokio::test]
async fn where_people_look_a_problem_is_a_page_and_where_programs_ask_a_document() {
    let world = World::with_tenants().await;
    let html = [("accept", "text/html,*/*"), ("accept-language", "de")];
    let page = world.get_with("/nowhere", &html).await;
    assert_eq!((page.status, page.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(page.text().contains("Hier ist nichts") && page.text().contains("request-1"));
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(world.get_with("/api/v1/nowhere", &html).await.problem(), "not-found");
    assert_eq!(world.get("/nowhere").await.problem(), "not-found");
    let page = world.get_with("/certificates?x=1", &html).await;
    assert_eq!((page.status, page.header("content-language")), (400, "de"));
    assert!(page.text().contains("`x` is not known here"));
}

#[tokio::test]
async fn the_main_page_leads_to_sign_in() {
    let page = get(&World::new().await, "/", &[]).await;
    assert!(page.text().contains("href=\"/api/v1/auth/login?return=%2Foverview\""));
}

#[tokio::test]
async fn the_overview_shows_the_worst_first_and_why_a_tenant_fails() {
    let world = World::with_tenants().await;
    let page = world.get_with("/overview", &[("accept-language", "de")]).await;
    let order: Vec<_> = ["Contoso Zürich AG", "northwind", "Tailspin/Toys 100%", "fabrikam"]
        .map(|name| page.text().find(name).unwrap_or_else(|| panic!("{name}")))
        .into();
    assert!(order.is_sorted(), "{order:?}");
    for words in
        ["Anmeldung abgelehnt", "Entra refused the sign-in of northwind.", "Upload the certificate.", "vor 1 min"]
    {
        assert!(page.text().contains(words), "{words}");
    }
}

#[tokio::test]
async fn licences_are_filtered_sorted_and_counted_by_the_address_alone() {
    let world = World::with_tenants().await;
    let page = world.get("/licences?q=contoso+e3&sort=-free").await;
    assert!(page.text().contains("Contoso Zürich AG") && !page.text().contains("fabrikam"));
    assert!(page.text().contains("aria-sort=\"descending\"") && page.text().contains("−3"));
    let wrong = world.get_with("/licences?sort=price", &[("accept", "text/html")]).await;
    assert_eq!((wrong.status, wrong.header("content-type")), (400, "text/html; charset=utf-8"));
    let csv = world.get_with("/licences.csv?state=short", &[("accept-language", "de")]).await;
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"lizenzen-short.csv\"");
    assert_eq!(csv.text().lines().count(), 2);
    assert!(csv.text().contains(";50;53;-3;"));
}

#[tokio::test]
async fn pages_know_the_addresses_of_the_system_before() {
    let world = World::with_tenants().await;
    for (before, now) in
        [("/api/v1/licenses/statusall?q=E3", "/licences?q=E3"), ("/api/v1/licenses/status/tenant", "/tenants")]
    {
        let answer = world.get(before).await;
        assert_eq!((answer.status, answer.header("location")), (303, now), "{before}");
    }
}

#[tokio::test]
async fn a_tenant_is_opened_by_its_exact_name() {
    let world = World::with_tenants().await;
    let exact = world.get("/tenants?q=Contoso+Z%C3%BCrich+AG&open=1").await;
    assert_eq!((exact.status, exact.header("location")), (303, "/tenants/contoso"));
    let vague = world.get("/tenants?q=cont&open=1").await;
    assert!(vague.status == 200 && vague.text().contains("Contoso Zürich AG"));
    assert!(world.get("/tenants?q=nobody&open=1").await.text().contains("No tenant found"));
}

#[tokio::test]
async fn before_the_first_poll_pages_say_so() {
    let world = World::new().await;
    for page in ["/overview", "/licences", "/tenants"] {
        let answer = world.get_with(page, &[("accept-language", "de")]).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "5"), "{page}");
        assert!(answer.text().contains("Noch keine Zahlen"), "{page}");
    }
    let incidents = world.get_with("/incidents", &[("accept-language", "de")]).await;
    assert!(incidents.status == 200 && incidents.text().contains("Noch nichts bekannt"), "{}", incidents.text());
    world.writer().await.finish_tick(support::now()).await.unwrap();
    let empty = world.get_with("/overview", &[("accept-language", "de")]).await;
    assert!(empty.status == 200 && empty.text().contains("Noch ist kein Tenant aufgenommen"));
}

#[tokio::test]
async fn a_page_that_was_kept_is_made_anew_when_the_data_changes() {
    let world = World::with_tenants().await;
    let gzip = [("accept-encoding", "gzip")];
    for page in ["/overview", "/licences", "/tenants/fabrikam"] {
        let first = world.get_with(page, &gzip).await;
        assert_eq!((first.status, first.header("content-encoding")), (200, "gzip"), "{page}");
        let again = world.get_with(page, &gzip).await;
        assert!(again.body == first.body && again.header("etag") == first.header("etag"), "{page}");
        let known = world.get_with(page, &[("accept-encoding", "gzip"), ("if-none-match", first.header("etag"))]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{page}");
    }
    let before = world.get_with("/licences", &gzip).await;
    let stock = vec![support::stock(support::E3, "SPE_E3", 100, 120)];
    support::record(&world.writer().await, support::now(), vec![("fabrikam", Ok(stock))]).await;
    let after = world.get_with("/licences", &gzip).await;
    assert_ne!(before.header("etag"), after.header("etag"));
    assert!(world.get("/licences").await.text().contains("−20"));
}

#[tokio::test]
async fn a_page_in_one_language_is_not_kept_for_the_other() {
    let world = World::with_tenants().await;
    for (language, tag) in [("de", "de"), ("en", "en"), ("de", "de")] {
        let page = world.get_with("/overview", &[("accept-encoding", "gzip"), ("accept-language", language)]).await;
        assert_eq!(page.header("content-language"), tag);
    }
}
