//! What a table holds, in a number that does not depend on the order of its rows.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
}

/// The sum of the SHA-256 of every row, modulo 2^256. Two tables with the same rows have the same sum in whatever order
/// they are read; a row that is missing, doubled or changed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum([u64; 4]);

impl Sum {
    /// Counts a row in. Values come in the order of their columns' names.
    pub(crate) fn add(&mut self, row: &[Value]) {
        let mut hash = Sha256::new();
        for value in row {
            match value {
                Value::Number(None) | Value::Text(None) => hash.update([0]),
                Value::Number(Some(number)) => {
                    hash.update([1]);
                    hash.update(number.to_le_bytes());
                }
                Value::Text(Some(text)) => {
                    hash.update([2]);
                    hash.update((text.len() as u64).to_le_bytes());
                    hash.update(text);
                }
            }
        }
        let mut carry = false;
        for (limb, bytes) in self.0.iter_mut().zip(hash.finalize().chunks_exact(8)) {
            let added = bytes.try_into().map_or(0, u64::from_le_bytes);
            let (sum, over) = limb.overflowing_add(added);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = over || again;
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().rev().try_for_each(|limb| write!(f, "{limb:016x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Value]]) -> Sum {
        let mut sum = Sum::default();
        for row in rows {
            sum.add(row);
        }
        sum
    }

    fn text(text: &str) -> Value {
        Value::Text(Some(text.to_owned()))
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let (one, two) = ([text("a"), Value::Number(Some(1))], [text("b"), Value::Number(None)]);
        let both = sum(&[&one, &two]);
        assert_eq!(both, sum(&[&two, &one]));
        assert_ne!(both, sum(&[&one]));
        assert_ne!(both, sum(&[&one, &two, &two]));
        assert_ne!(sum(&[&[text("ab"), text("c")]]), sum(&[&[text("a"), text("bc")]]));
        assert_ne!(sum(&[&[text("")]]), sum(&[&[Value::Text(None)]]));
        assert_eq!(both.to_string().len(), 64);
    }
}
