//! Which licences a reader wants to see and in which order, as it stands in the address of the page.

use std::collections::BTreeSet;
use std::ops::Range;

use leitwarte_core::stock::StockState;
use leitwarte_web::http::Language;
use leitwarte_web::problem::Problem;
use leitwarte_web::query::{Query, bad};

use crate::board::{Board, Counts, Row, STATES};
use crate::pages::escaped;

/// Rows on one page.
pub(crate) const PAGE: usize = 200;
/// The parameters of the address.
const NAMES: [&str; 5] = ["q", "tenant", "state", "sort", "page"];
/// Longest text that is searched for, in characters.
const LONGEST_SEARCH: usize = 200;

/// A column that rows can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// What needs a person first.
    State,
    /// The tenant's name.
    Tenant,
    /// The product's name.
    Licence,
    /// Microsoft's GUID.
    Sku,
    /// Usable licences.
    Available,
    /// Assigned ones.
    Consumed,
    /// Those left.
    Free,
}

impl Column {
    const ALL: [Self; 7] =
        [Self::State, Self::Tenant, Self::Licence, Self::Sku, Self::Available, Self::Consumed, Self::Free];

    /// The word in the address.
    fn word(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Tenant => "tenant",
            Self::Licence => "licence",
            Self::Sku => "sku",
            Self::Available => "available",
            Self::Consumed => "consumed",
            Self::Free => "free",
        }
    }
}

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    /// Words that have to be found in a row, as they were typed.
    pub(crate) search: String,
    /// The key of the only tenant to show.
    pub(crate) tenant: Option<String>,
    /// The states to show; empty for all.
    pub(crate) states: BTreeSet<StockState>,
    /// What rows are sorted by.
    pub(crate) column: Column,
    /// Whether the largest come first.
    pub(crate) descending: bool,
    /// Number of the page, from 1.
    pub(crate) page: usize,
}

impl Default for View {
    fn default() -> Self {
        Self {
            search: String::new(),
            tenant: None,
            states: BTreeSet::new(),
            column: Column::State,
            descending: false,
            page: 1,
        }
    }
}

/// The rows a view selects.
#[derive(Debug)]
pub(crate) struct Selection<'a> {
    /// All of them, sorted.
    pub(crate) rows: Vec<&'a Row>,
    /// How many there would be in each state if states were not selected.
    pub(crate) counts: Counts,
}

impl View {
    /// Reads the query of an address.
    ///
    /// # Errors
    /// A parameter that is unknown, given twice or cannot be.
    pub(crate) fn parse(raw_query: Option<&str>) -> Result<Self, Problem> {
        let query = Query::parse(raw_query, &NAMES)?;
        let given = |name| query.get(name).map(str::trim).filter(|value| !value.is_empty());
        let mut states = BTreeSet::new();
        for word in given("state").into_iter().flat_map(|words| words.split(',')) {
            let state = STATES.into_iter().find(|state| state.as_str() == word);
            let all = STATES.map(StockState::as_str).join(", ");
            states
                .insert(state.ok_or_else(|| bad("state", &format!("has to be of these, with commas between: {all}")))?);
        }
        let sort = given("sort").unwrap_or_default();
        let (word, descending) = sort.strip_prefix('-').map_or((sort, false), |word| (word, true));
        let column = Column::ALL.into_iter().find(|column| column.word() == word || sort.is_empty());
        let all = Column::ALL.map(Column::word).join(", ");
        let page = given("page").map_or(Some(1), |page| page.parse().ok().filter(|page| *page >= 1));
        Ok(Self {
            search: given("q").unwrap_or_default().chars().take(LONGEST_SEARCH).collect(),
            tenant: given("tenant").map(str::to_owned),
            states,
            column: column.ok_or_else(|| {
                bad("sort", &format!("has to be one of these, with a minus before it for the largest first: {all}"))
            })?,
            descending,
            page: page.ok_or_else(|| bad("page", "has to be a whole number from 1"))?,
        })
    }

    /// The address of a page with this view; what is as usual is left out.
    pub(crate) fn address(&self, path: &str) -> String {
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let tenant = self.tenant.clone().unwrap_or_default();
        let values = [self.search.clone(), tenant, self.state_words(), self.sort_word(), page];
        let given = NAMES.iter().zip(&values).filter(|(_, value)| !value.is_empty());
        let query: Vec<_> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }

    /// The value of `state`.
    pub(crate) fn state_words(&self) -> String {
        self.states.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The value of `sort`; empty for the usual order.
    pub(crate) fn sort_word(&self) -> String {
        match (self.column, self.descending) {
            (Column::State, false) => String::new(),
            (column, descending) => format!("{}{}", if descending { "-" } else { "" }, column.word()),
        }
    }

    /// The same sorted by a column; by the one it is sorted by already, the other way round.
    pub(crate) fn sorted_by(&self, column: Column) -> Self {
        let descending = self.column == column && !self.descending;
        Self { column, descending, page: 1, ..self.clone() }
    }

    /// The same with a state added, or taken away if it was there.
    pub(crate) fn toggled(&self, state: StockState) -> Self {
        let mut toggled = Self { page: 1, ..self.clone() };
        if !toggled.states.remove(&state) {
            toggled.states.insert(state);
        }
        toggled
    }

    /// Whether anything is left out.
    pub(crate) fn filters(&self) -> bool {
        !self.search.is_empty() || self.tenant.is_some() || !self.states.is_empty()
    }

    /// The rows it selects of a board.
    pub(crate) fn select<'a>(&self, board: &'a Board, language: Language) -> Selection<'a> {
        let search = self.search.to_lowercase();
        let terms: Vec<&str> = search.split_whitespace().collect();
        let tenant = self.tenant.as_ref().map(|key| board.tenants.iter().position(|one| one.info.key == *key));
        let mut counts = Counts::default();
        let mut rows = Vec::new();
        for row in &board.rows {
            let is_of_tenant = tenant.is_none_or(|wanted| wanted == Some(row.tenant));
            if !is_of_tenant || !terms.iter().all(|term| row.haystack.contains(term)) {
                continue;
            }
            counts.add(row.state);
            if self.states.is_empty() || self.states.contains(&row.state) {
                rows.push(row);
            }
        }
        self.sort(&mut rows, board, language);
        Selection { rows, counts }
    }

    /// The board is sorted by state, and rows that a column does not tell apart stay in that order.
    fn sort(&self, rows: &mut [&Row], board: &Board, language: Language) {
        match self.column {
            Column::State => {}
            Column::Tenant => rows.sort_by_cached_key(|row| board.tenants[row.tenant].name().to_lowercase()),
            Column::Licence => rows.sort_by_cached_key(|row| row.product(language).to_lowercase()),
            Column::Sku => rows.sort_by_key(|row| row.sku_id),
            Column::Available => rows.sort_by_key(|row| row.available),
            Column::Consumed => rows.sort_by_key(|row| row.consumed),
            Column::Free => rows.sort_by_key(|row| row.free),
        }
        if self.descending {
            rows.reverse();
        }
    }

    /// The part of so many rows that the page shows; the last page for one beyond it.
    pub(crate) fn range(&self, count: usize) -> Range<usize> {
        let last = count.div_ceil(PAGE).max(1);
        let start = (self.page.min(last) - 1) * PAGE;
        start..(start + PAGE).min(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::board;

    fn view(query: &str) -> View {
        View::parse(Some(query)).unwrap()
    }

    fn names(query: &str) -> Vec<String> {
        let board = board();
        let selection = view(query).select(&board, Language::English);
        selection.rows.iter().map(|row| board.tenants[row.tenant].info.key.clone()).collect()
    }

    #[test]
    fn a_view_is_written_as_it_is_read() {
        for query in ["", "q=a%20b&tenant=x%2Fy&state=short%2Cfine&sort=%2Dfree&page=3", "sort=tenant", "sort=%2Dstate"]
        {
            let address = view(query).address("/licences");
            let expected = if query.is_empty() { "/licences".to_owned() } else { format!("/licences?{query}") };
            assert_eq!(address, expected);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for query in ["state=bad", "state=short,", "sort=x", "sort=-", "page=0", "page=x", "x=1", "q=1&q=2"] {
            assert!(View::parse(Some(query)).is_err(), "{query}");
        }
        assert_eq!(view("q=&state=&sort=&page=&tenant="), View::default(), "an empty form");
    }

    #[test]
    fn every_word_has_to_be_found_and_case_does_not_matter() {
        assert_eq!(names("q=FINE+e3"), ["fine"]);
        assert_eq!(names("q=fine+nothing"), Vec::<String>::new());
        assert_eq!(names("tenant=hostile"), ["hostile", "hostile"]);
        assert_eq!(names("tenant=nobody"), Vec::<String>::new());
        assert_eq!(names("state=low,fine"), ["hostile", "fine"]);
    }

    #[test]
    fn columns_sort_both_ways() {
        let up = names("sort=free");
        let mut down = names("sort=-free");
        down.reverse();
        assert_eq!(up, down);
        assert_eq!(up[0], "new", "nothing known comes before the fewest");
        assert_eq!(up[1], "hostile");
    }

    #[test]
    fn states_are_counted_whatever_is_selected_of_them() {
        let board = board();
        let all = view("").select(&board, Language::German).counts;
        assert_eq!(view("state=short").select(&board, Language::German).counts, all);
    }

    #[test]
    fn a_page_beyond_the_last_is_the_last() {
        assert_eq!(view("").range(0), 0..0);
        assert_eq!(view("page=2").range(450), 200..400);
        assert_eq!(view("page=99").range(450), 400..450);
        assert_eq!(view("page=99").range(400), 200..400);
    }

    #[test]
    fn a_state_is_added_and_taken_away() {
        let short = view("page=3").toggled(StockState::Short);
        assert_eq!(short.address("/"), "/?state=short");
        assert_eq!(short.toggled(StockState::Short), View::default());
        let column = view("").sorted_by(Column::Free);
        assert_eq!((column.descending, column.sorted_by(Column::Free).descending), (false, true));
    }
}
