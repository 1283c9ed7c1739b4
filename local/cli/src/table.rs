//! Cells of fixed width: text counted in terminal columns, cut with `…` where it is too long.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// A text cut to at most `width` columns, without control characters (they could move the cursor).
pub(crate) fn cut(text: &str, width: usize) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if clean.width() <= width {
        return clean;
    }
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used < width
    };
    let mut short: String = clean.chars().take_while(fits).collect();
    short.push('…');
    short
}

/// A text cut or padded on the right to exactly `width` columns.
pub(crate) fn left(text: &str, width: usize) -> String {
    let mut cell = cut(text, width);
    cell.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width())));
    cell
}

/// A text cut or padded on the left to exactly `width` columns.
pub(crate) fn right(text: &str, width: usize) -> String {
    let cell = cut(text, width);
    let padding = width.saturating_sub(cell.width());
    format!("{:padding$}{cell}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_exactly_their_width() {
        for text in ["", "abc", "Zürich", "日本語テキスト", "e\u{301}clair", "long long long text"] {
            assert_eq!(left(text, 8).width(), 8, "{text}");
            assert_eq!(right(text, 8).width(), 8, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_visibly() {
        assert_eq!(cut("Office 365 E3", 13), "Office 365 E3");
        assert_eq!(cut("Office 365 E3", 12), "Office 365 …");
        assert_eq!(cut("日本語", 4), "日…");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(cut("a\u{1b}[2Jb\n", 20), "a [2Jb ");
    }
}
