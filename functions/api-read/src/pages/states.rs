//! States of stock in words and tones.

use leitwarte_core::stock::StockState;
use leitwarte_web::http::Language;

use super::texts::{pick, texts};

texts! {
    /// Words for the states.
    StateTexts {
        short: "fehlt", "short";
        unknown: "unbekannt", "unknown";
        low: "knapp", "low";
        fine: "in Ordnung", "fine";
        excluded: "ausgenommen", "excluded";
        unmetered: "kostenlos", "no charge";
        company_wide: "firmenweit", "company-wide";
    }
}

/// The word for a state.
pub(crate) fn state_word(language: Language, state: StockState) -> &'static str {
    let t = StateTexts::of(language);
    match state {
        StockState::Short => t.short,
        StockState::Unknown => t.unknown,
        StockState::Low => t.low,
        StockState::Fine => t.fine,
        StockState::Excluded => t.excluded,
        StockState::Unmetered => t.unmetered,
        StockState::CompanyWide => t.company_wide,
    }
}

/// The word for so many licences in a state: `2 fehlen`.
pub(crate) fn counted_word(language: Language, state: StockState, count: usize) -> &'static str {
    match (language, state) {
        (Language::German, StockState::Short) if count != 1 => "fehlen",
        _ => state_word(language, state),
    }
}

/// The tone of a badge or a row.
pub(crate) fn tone(state: StockState) -> &'static str {
    match state {
        StockState::Short => "short",
        StockState::Unknown => "unknown",
        StockState::Low => "low",
        StockState::Fine => "fine",
        StockState::Excluded | StockState::Unmetered | StockState::CompanyWide => "quiet",
    }
}

/// What a state means, in one sentence.
pub(crate) fn meaning(language: Language, state: StockState) -> &'static str {
    match state {
        StockState::Short => pick(
            language,
            "Nichts mehr frei, oder mehr zugewiesen als vorhanden (dann ist «Frei» negativ).",
            "Nothing is left, or more is assigned than there is (then “Free” is negative).",
        ),
        StockState::Unknown => pick(
            language,
            "Die Zahlen sind zu alt, um sich darauf zu verlassen. Zuletzt fehlte nichts.",
            "The numbers are too old to rely on. Nothing was missing when they were read.",
        ),
        StockState::Low => pick(
            language,
            "Höchstens fünf von hundert sind noch frei, oder so wenige, wie eine Regel sagt.",
            "At most five in a hundred are left, or as few as a rule says.",
        ),
        StockState::Fine => pick(language, "Genug frei.", "Enough left."),
        StockState::Excluded => pick(
            language,
            "Durch eine Regel ausgenommen: wird gezeigt, aber nicht gemeldet.",
            "Excluded by a rule: shown, but nobody is told.",
        ),
        StockState::Unmetered => pick(
            language,
            "Kostenlos oder zum Testen: wird gezeigt, aber nicht gemeldet.",
            "Free of charge or a trial: shown, but nobody is told.",
        ),
        StockState::CompanyWide => pick(
            language,
            "Gilt für die ganze Firma und kann nicht ausgehen.",
            "Holds for the whole company and cannot run out.",
        ),
    }
}
