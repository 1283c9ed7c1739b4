//! Colours, marks and the width of the terminal. Commands write styles always; the stream drops them where there is no
//! terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

/// Something is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Something needs attention soon.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
/// All is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Nobody can tell.
pub(crate) const UNKNOWN: Style = AnsiColor::Magenta.on_default();
/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What may be overlooked.
pub(crate) const DIM: Style = Style::new().dimmed();

/// Columns to write in: those of the terminal within 80 to 160, or 120 when writing to a file or a pipe.
pub(crate) fn width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
        .map_or(120, |columns| columns.clamp(80, 160))
}

/// A word in a style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
