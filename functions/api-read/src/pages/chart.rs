//! A small line chart, drawn here as SVG: what there was and what was used, as steps over time, and how it will go on.
//! Everything it says stands in it as text; no mouse is needed. The same numbers stand beside it as a table.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;
use leitwarte_core::{DateTime, Utc};
use leitwarte_web::http::Language;

use super::words::count;

/// Size of the drawing; texts in it are 11 high.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 150.0;
/// Where the lines may go.
const LEFT: f64 = 40.0;
const RIGHT: f64 = WIDTH - 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = HEIGHT - 20.0;
/// Longest look ahead, as a share of the time looked back at.
const AHEAD: f64 = 0.35;

/// What held from a moment on; `None` while the product was not listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// From when.
    pub(crate) at: DateTime<Utc>,
    /// Usable and assigned licences.
    pub(crate) numbers: Option<(i64, i64)>,
}

/// What is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// In the order of time.
    pub(crate) steps: Vec<Step>,
    /// Left and right end of what is known.
    pub(crate) since: DateTime<Utc>,
    /// See `since`.
    pub(crate) until: DateTime<Utc>,
    /// When nothing will be left, if that can be said.
    pub(crate) empty_on: Option<DateTime<Utc>>,
    /// What it shows, in one sentence of our own words and numbers.
    pub(crate) label: String,
    /// Language of its numbers.
    pub(crate) language: Language,
}

/// From values to places in the drawing.
#[derive(Debug, Clone, Copy)]
struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        let share = if self.to > self.from { (value - self.from) / (self.to - self.from) } else { 0.5 };
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }
}

impl Chart {
    /// Between which round numbers the lines go, and the distance of two of them.
    fn range(&self) -> (i64, i64, i64) {
        let values =
            || self.steps.iter().filter_map(|step| step.numbers).flat_map(|(usable, consumed)| [usable, consumed]);
        let most = values().max().unwrap_or(0).max(1);
        let least = values().min().unwrap_or(0).max(0);
        // Where lines are close together far above zero, zero is left out so that they can be told apart.
        let least = if least.saturating_mul(2) > most { least - ((most - least) / 4).max(1) } else { 0 };
        let distance = round_distance(most - least);
        let bottom = least.div_euclid(distance).saturating_mul(distance);
        let top =
            most.saturating_add(distance - 1).div_euclid(distance).saturating_mul(distance).max(bottom + distance);
        (bottom, top, distance)
    }

    fn times(&self) -> Scale {
        let (from, known) = (seconds(self.since), seconds(self.until));
        let furthest = known + (known - from) * AHEAD;
        let to = self.empty_on.map_or(known, |at| seconds(at).clamp(known, furthest));
        Scale { from, to, start: LEFT, end: RIGHT }
    }

    /// A line as steps; it begins anew after a time without numbers.
    fn line(&self, value: impl Fn((i64, i64)) -> i64, x: Scale, y: Scale) -> String {
        let mut path = String::new();
        let mut drawing = false;
        for (index, step) in self.steps.iter().enumerate() {
            let next = self.steps.get(index + 1).map_or(self.until, |next| next.at);
            let Some(numbers) = step.numbers else {
                drawing = false;
                continue;
            };
            let height = y.place(number(value(numbers)));
            let command = if drawing { 'L' } else { 'M' };
            // Writing to a string cannot fail.
            let _ = write!(path, "{command}{:.1} {height:.1}", x.place(seconds(step.at)));
            let _ = write!(path, "L{:.1} {height:.1}", x.place(seconds(next)));
            drawing = true;
        }
        path
    }
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp() as f64
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn number(value: i64) -> f64 {
    value as f64
}

/// One, two or five times a power of ten, so that at most five of them cover a span.
fn round_distance(span: i64) -> i64 {
    let mut power: i64 = 1;
    loop {
        for factor in [1, 2, 5] {
            let distance = power.saturating_mul(factor);
            if distance.saturating_mul(4) >= span {
                return distance;
            }
        }
        power = power.saturating_mul(10);
    }
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bottom, top, distance) = self.range();
        let x = self.times();
        let y = Scale { from: number(bottom), to: number(top), start: BOTTOM, end: TOP };
        write!(f, "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">", self.label)?;
        let mut value = bottom;
        while value <= top {
            let height = y.place(number(value));
            write!(f, "<path class=\"grid\" d=\"M{LEFT} {height:.1}H{RIGHT}\"/>")?;
            let text = count(self.language, value);
            write!(f, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>", LEFT - 6.0, height + 3.8)?;
            value += distance;
        }
        let ends = [(self.since, "start"), (self.until, if self.empty_on.is_some() { "middle" } else { "end" })];
        for (at, anchor) in ends {
            let text = at.format("%-d.%-m.");
            write!(
                f,
                "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{text}</text>",
                x.place(seconds(at)),
                HEIGHT - 5.0
            )?;
        }
        write!(f, "<path class=\"usable\" d=\"{}\"/>", self.line(|(usable, _)| usable, x, y))?;
        write!(f, "<path class=\"consumed\" d=\"{}\"/>", self.line(|(_, consumed)| consumed, x, y))?;
        if let (Some(at), Some((usable, consumed))) = (self.empty_on, self.steps.last().and_then(|step| step.numbers)) {
            self.ahead(f, x, y, at, (number(usable), number(consumed)))?;
        }
        f.write_str("</svg>")
    }
}

impl Chart {
    /// The way on: a dashed line to where nothing is left, or as far as there is room.
    fn ahead(
        &self,
        f: &mut fmt::Formatter<'_>,
        x: Scale,
        y: Scale,
        at: DateTime<Utc>,
        (usable, consumed): (f64, f64),
    ) -> fmt::Result {
        let (known, empty) = (seconds(self.until), seconds(at));
        let share = if empty > known { ((x.to - known) / (empty - known)).min(1.0) } else { 1.0 };
        let (from, to) = (x.place(known), x.place(x.to));
        let (start, end) = (y.place(consumed), y.place(consumed + (usable - consumed) * share));
        write!(f, "<path class=\"now\" d=\"M{from:.1} {TOP}V{BOTTOM}\"/>")?;
        write!(f, "<path class=\"ahead\" d=\"M{from:.1} {start:.1}L{to:.1} {end:.1}\"/>")?;
        write!(f, "<path class=\"usable ahead\" d=\"M{from:.1} {:.1}H{to:.1}\"/>", y.place(usable))?;
        if share >= 1.0 {
            write!(f, "<circle class=\"out\" cx=\"{to:.1}\" cy=\"{end:.1}\" r=\"3.5\"/>")?;
        }
        Ok(())
    }
}

/// Made of numbers and our own words alone.
impl HtmlSafe for Chart {}

#[cfg(test)]
mod tests {
    use leitwarte_core::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn chart(values: &[Option<(i64, i64)>], empty_in: Option<i64>) -> Chart {
        let since = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let steps =
            (0..).zip(values).map(|(day, numbers)| Step { at: since + TimeDelta::days(day), numbers: *numbers });
        Chart {
            steps: steps.collect(),
            since,
            until: since + TimeDelta::days(10),
            empty_on: empty_in.map(|days| since + TimeDelta::days(10 + days)),
            label: "x".to_owned(),
            language: Language::German,
        }
    }

    #[test]
    fn lines_are_steps_and_a_gap_begins_them_anew() {
        let svg = chart(&[Some((10, 4)), None, Some((10, 6))], None).to_string();
        let consumed = svg.split("class=\"consumed\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(consumed.matches('M').count(), 2, "{consumed}");
        assert!(!svg.contains("class=\"ahead\"") && !svg.contains("style"));
    }

    #[test]
    fn what_runs_out_soon_is_marked_and_what_runs_out_late_leaves_the_drawing() {
        assert!(chart(&[Some((10, 4))], Some(2)).to_string().contains("<circle class=\"out\""));
        let late = chart(&[Some((10, 4))], Some(300)).to_string();
        assert!(late.contains("class=\"ahead\"") && !late.contains("<circle"));
    }

    #[test]
    fn lines_close_together_are_told_apart() {
        assert_eq!(chart(&[Some((1250, 1238))], None).range(), (1235, 1250, 5));
        assert_eq!(chart(&[Some((10, 4))], None).range(), (0, 10, 5));
    }

    proptest! {
        /// Whatever the numbers are, everything is inside of the drawing and few lines are ruled.
        #[test]
        fn everything_is_inside(values in prop::collection::vec(prop::option::of((0..2_000_000_i64, 0..2_000_000_i64)), 0..9), ahead in prop::option::of(0..400_i64)) {
            let chart = chart(&values, ahead);
            let svg = chart.to_string();
            prop_assert!(svg.matches("class=\"grid\"").count() <= 8, "{:?}", chart.range());
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
            let paths = svg.split(" d=\"").skip(1).filter_map(|rest| rest.split('"').next());
            for point in paths.flat_map(|path| path.split(['M', 'L', 'H', 'V']).filter(|point| point.contains(' ')).map(str::to_owned).collect::<Vec<_>>()) {
                let (x, y) = point.split_once(' ').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                prop_assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{point}");
            }
        }
    }
}
