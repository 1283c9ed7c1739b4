//! `/settings`: what counts as a shortage, for everybody, one product, one tenant, or one product of one tenant; and what
//! another threshold would have told.
//!
//! One form does both: sent, it asks (the address keeps the question); the button beside it saves.

mod form;

use std::collections::BTreeMap;

use askama::Template;
use leitwarte_core::catalogue::{product_name, product_name_de};
use leitwarte_core::rules::{Definition, Scope};
use leitwarte_core::status::TenantSnapshot;
use leitwarte_core::{DateTime, Utc, Uuid};
use leitwarte_store::{Replayed, StoredRule, told};
use leitwarte_web::http::Language;
use leitwarte_web::permission::{Permission, plain_name};

use super::texts::texts;
use super::words::{Age, count, counted};
use super::{Frame, escaped};
pub(crate) use form::RuleForm;

/// The page of the rules.
#[derive(Debug, Template)]
#[template(path = "settings.html")]
pub(crate) struct SettingsPage<'a> {
    frame: &'a Frame,
    t: &'static SettingsTexts,
    lines: Vec<Line<'a>>,
    tenants: Vec<Choice>,
    products: Vec<Choice>,
    form: &'a RuleForm,
    /// Address of the chosen rule in the API, and its version.
    api: String,
    version: i64,
    /// Whether there is a rule of the chosen scope.
    is_set: bool,
    what_if: Option<WhatIfWords<'a>>,
    may_admin: bool,
}

/// One rule.
#[derive(Debug)]
struct Line<'a> {
    tenant: Option<&'a str>,
    product: Option<&'a str>,
    parts: Vec<(&'static str, String)>,
    changed: Option<(Age, &'a str)>,
    edit: String,
}

/// An entry of a list. There is no markup in it, so its name is without what turns the direction of text.
#[derive(Debug)]
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// What another threshold would have told, in words.
#[derive(Debug)]
struct WhatIfWords<'a> {
    told_now: String,
    told_then: String,
    days: String,
    oldest: Option<Age>,
    products: Vec<WhatIfLine<'a>>,
    /// How many products are not shown.
    left_out: Option<String>,
}

#[derive(Debug)]
struct WhatIfLine<'a> {
    tenant: &'a str,
    address: String,
    product: &'a str,
    now: String,
    then: String,
}

/// All that the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Every rule that was set.
    pub(crate) rules: &'a [StoredRule],
    /// Every tenant with what it has.
    pub(crate) tenants: &'a [TenantSnapshot],
    /// What the form says.
    pub(crate) form: &'a RuleForm,
    /// What the threshold in it would have told, if it was asked.
    pub(crate) replayed: Option<&'a Replayed>,
}

impl<'a> SettingsPage<'a> {
    /// The page as of `now`.
    pub(crate) fn new(frame: &'a Frame, settings: Settings<'a>, now: DateTime<Utc>) -> Self {
        let Settings { rules, tenants, form, replayed } = settings;
        let language = frame.language;
        let names: BTreeMap<&str, &str> =
            tenants.iter().map(|tenant| (tenant.key.as_str(), tenant.tenant_name.as_str())).collect();
        let products = products(language, tenants);
        let chosen = rules.iter().find(|rule| rule.scope == form.scope);
        let line = |rule: &'a StoredRule| Line {
            tenant: rule.scope.tenant.as_deref().map(|key| *names.get(key).unwrap_or(&key)),
            product: rule.scope.sku.map(|sku| products.get(&sku).copied().unwrap_or("?")),
            parts: parts(language, &rule.definition),
            changed: rule.changed.as_ref().map(|(at, who)| (Age::of(language, *at, now), who.as_str())),
            edit: format!("/settings?{}#rule", query(&rule.scope)),
        };
        Self {
            t: SettingsTexts::of(language),
            lines: rules.iter().map(line).collect(),
            tenants: names
                .iter()
                .map(|(key, name)| Choice {
                    value: (*key).to_owned(),
                    name: plain_name(name),
                    chosen: form.scope.tenant.as_deref() == Some(*key),
                })
                .collect(),
            products: by_name(&products, form.scope.sku),
            form,
            api: format!("/api/v1/rules?{}", query(&form.scope)),
            version: chosen.map_or(0, StoredRule::version),
            is_set: chosen.is_some(),
            what_if: replayed.map(|replayed| what_if(language, replayed, form.days, now)),
            may_admin: frame.may(Permission::Admin),
            frame,
        }
    }
}

/// The products that any tenant has, by their names.
fn products(language: Language, tenants: &[TenantSnapshot]) -> BTreeMap<Uuid, &str> {
    let stock = tenants.iter().flat_map(|tenant| &tenant.stock);
    stock
        .map(|stock| {
            let name = match language {
                Language::German => product_name_de(stock.sku_id, &stock.part_number),
                Language::English => product_name(stock.sku_id, &stock.part_number),
            };
            (stock.sku_id, name)
        })
        .collect()
}

fn by_name(products: &BTreeMap<Uuid, &str>, chosen: Option<Uuid>) -> Vec<Choice> {
    let choice = |(sku, name): (&Uuid, &&str)| Choice {
        value: sku.to_string(),
        name: plain_name(name),
        chosen: chosen == Some(*sku),
    };
    let mut choices: Vec<Choice> = products.iter().map(choice).collect();
    choices.sort_by(|one, other| (&one.name, &one.value).cmp(&(&other.name, &other.value)));
    choices
}

/// A scope as the query of an address.
fn query(scope: &Scope) -> String {
    let tenant = scope.tenant.as_ref().map(|key| format!("tenant={}", escaped(key)));
    let sku = scope.sku.map(|sku| format!("skuid={sku}"));
    tenant.into_iter().chain(sku).collect::<Vec<_>>().join("&")
}

/// What a rule says, a name and a value each.
fn parts(language: Language, rule: &Definition) -> Vec<(&'static str, String)> {
    let t = SettingsTexts::of(language);
    let mut parts = Vec::new();
    parts.extend(rule.short_at.map(|limit| (t.short_at, limit.to_string())));
    parts.extend(rule.clear_above.map(|limit| (t.clear_above, limit.to_string())));
    parts.extend(rule.reserve.map(|reserve| (t.reserve, count(language, reserve))));
    parts.extend(rule.alerts.map(|alerts| (t.alerts, if alerts { t.yes } else { t.no }.to_owned())));
    parts.extend(rule.excluded.clone().map(|reason| (t.excluded, reason)));
    parts.extend(rule.delivery_days.map(|days| (t.delivery, counted(language, days.into(), t.day, t.days))));
    parts
}

/// Products of a question that are shown at once.
const MOST: usize = 500;

fn what_if(language: Language, replayed: &Replayed, days: u16, now: DateTime<Utc>) -> WhatIfWords<'_> {
    let t = SettingsTexts::of(language);
    let number = |value: usize| count(language, i64::try_from(value).unwrap_or(i64::MAX));
    let messages = |value: usize| counted(language, i64::try_from(value).unwrap_or(i64::MAX), t.message, t.messages);
    let (told_now, told_then) = replayed.told();
    let beyond = replayed.products.len().saturating_sub(MOST);
    WhatIfWords {
        told_now: messages(told_now),
        told_then: messages(told_then),
        days: counted(language, days.into(), t.day, t.days_ago),
        oldest: replayed.oldest.map(|at| Age::of(language, at, now)),
        left_out: (beyond > 0).then(|| number(beyond)),
        products: replayed
            .products
            .iter()
            .take(MOST)
            .map(|one| WhatIfLine {
                tenant: &one.tenant_name,
                address: super::tenant_address(&one.tenant),
                product: &one.product,
                now: number(told(&one.now)),
                then: number(told(&one.then)),
            })
            .collect(),
    }
}

texts! {
    /// Texts of the settings.
    SettingsTexts {
        title: "Einstellungen", "Settings";
        lead: "Was als Engpass gilt. Ohne Regel: wenn keine Lizenz mehr frei ist; kostenlose, Test- und firmenweite Produkte werden nicht gemeldet.",
            "What counts as a shortage. Without a rule: when no licence is free; free, trial and company-wide products are not told.";
        more: "weitere; bitte einen Tenant wählen", "more; please choose a tenant";
        rules: "Regeln", "Rules";
        for_whom: "Für", "For";
        says: "Was gilt", "What holds";
        changed: "Gesetzt", "Set";
        all_tenants: "alle Tenants", "all tenants";
        all_products: "alle Lizenzen", "all licences";
        edit: "Bearbeiten", "Edit";
        none_title: "Noch keine Regel", "No rule yet";
        none: "Es gilt die Vorgabe oben.", "What stands above holds.";
        rule: "Regel setzen oder ausprobieren", "Set or try a rule";
        rule_lead: "Was leer bleibt, kommt aus einer weiteren Regel. Eine Regel gilt ab der nächsten Abfrage.",
            "What is left empty comes from a wider rule. A rule counts from the next poll on.";
        tenant: "Tenant", "Tenant";
        licence: "Lizenz", "Licence";
        short_at: "Knapp ab", "Short at";
        clear_above: "Erledigt über", "Over above";
        reserve: "Reserve", "Reserve";
        alerts: "Melden", "Tell";
        excluded: "Ausgenommen, weil", "Excluded because";
        delivery: "Lieferzeit", "Delivery";
        limit_hint: "Zahl wie 5 oder Anteil wie 10%", "A number such as 5 or a share such as 10%";
        clear_hint: "Damit eine Lizenz mehr oder weniger nicht jedes Mal meldet", "So that one licence more or less does not tell each time";
        reserve_hint: "Lizenzen, die frei bleiben sollen", "Licences that are to stay free";
        excluded_hint: "Mit einem Grund wird nichts gemeldet", "With a reason nothing is told";
        delivery_hint: "Tage von der Bestellung bis zur Lizenz", "Days from the order to the licence";
        as_usual: "wie üblich", "as usual";
        yes: "ja", "yes";
        no: "nein", "no";
        day: "Tag", "day";
        days: "Tage", "days";
        days_ago: "Tagen", "days";
        look_back: "Rückblick in Tagen", "Days to look back";
        try_it: "Ausprobieren", "Try it";
        save: "Speichern", "Save";
        remove: "Regel aufheben", "Take the rule back";
        read_only: "Speichern darf, wer in Entra die Rolle Admin hat; ausprobieren dürfen alle.",
            "Whoever has the role Admin in Entra may save; everybody may try.";
        what_if: "Was wäre gemeldet worden?", "What would have been told?";
        now: "jetzt", "now";
        then: "dann", "then";
        message: "Meldung", "message";
        messages: "Meldungen", "messages";
        in_the_last: "in den letzten", "in the last";
        instead_of: "statt", "instead of";
        oldest: "Die älteste bekannte Änderung in dieser Zeit:", "The oldest known change in that time:";
        nothing_known: "In dieser Zeit hat sich nichts geändert, oder es ist nichts darüber bekannt.",
            "Nothing has changed in that time, or nothing is known of it.";
        by: "von", "by";
        saved: "Gespeichert. Die Regel gilt ab der nächsten Abfrage.", "Saved. The rule counts from the next poll on.";
        conflict: "Jemand hat diese Regel inzwischen geändert. Oben steht, wie sie jetzt ist; bitte neu entscheiden.",
            "Somebody has changed this rule meanwhile. How it is now stands above; please decide anew.";
        bad_limit: "Das ist weder eine Zahl noch ein Anteil.", "That is neither a number nor a share.";
    }
}

#[cfg(test)]
pub(super) fn sample(language: Language) -> String {
    use leitwarte_core::stock::{AppliesTo, CapabilityStatus, LicenceStock};
    use leitwarte_core::threshold::Limit;
    use leitwarte_store::ReplayedProduct;
    let now = DateTime::UNIX_EPOCH + leitwarte_core::TimeDelta::days(20_000);
    let hostile = || super::tests::HOSTILE.to_owned();
    let sku = Uuid::from_u128(1);
    let stock = LicenceStock {
        sku_id: sku,
        part_number: hostile(),
        applies_to: AppliesTo::User,
        capability_status: CapabilityStatus::Enabled,
        enabled: 1,
        warning: 0,
        suspended: 0,
        locked_out: 0,
        consumed: 1,
    };
    let tenants = [TenantSnapshot {
        key: "contoso".to_owned(),
        tenant_name: hostile(),
        enabled: true,
        count_warning_units: true,
        polled_at: None,
        failure: None,
        stock: vec![stock],
        yardstick: leitwarte_core::status::Yardstick::default(),
    }];
    let scope = Scope { tenant: Some("contoso".to_owned()), sku: Some(sku) };
    let definition =
        Definition { short_at: Some(Limit::Percent(10)), excluded: Some(hostile()), ..Definition::default() };
    let rules = [StoredRule { scope: scope.clone(), definition: definition.clone(), changed: Some((now, hostile())) }];
    let form = RuleForm::of_rule(scope, &definition);
    let product = ReplayedProduct {
        tenant: "contoso".to_owned(),
        tenant_name: hostile(),
        sku_id: sku,
        product: hostile(),
        now: Vec::new(),
        then: Vec::new(),
    };
    let replayed = Replayed { products: vec![product], oldest: Some(now) };
    let settings = Settings { rules: &rules, tenants: &tenants, form: &form, replayed: Some(&replayed) };
    SettingsPage::new(&Frame::sample(language), settings, now).render().unwrap()
}
