//! Columns of text for people.

use crate::words::one_line;

/// The widest that a column becomes, in characters; what is longer sticks out of its row.
const WIDEST: usize = 60;

/// Lays rows out in columns below their headings. What others have named things steers no
/// terminal.
pub(crate) fn lines<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    lines_within(headings, rows, WIDEST)
}

/// The same with columns that become no wider than that.
pub(crate) fn lines_within<const N: usize>(
    headings: [&str; N],
    rows: &[[String; N]],
    widest: usize,
) -> Vec<String> {
    let clean: Vec<[String; N]> = rows
        .iter()
        .map(|row| {
            row.each_ref().map(|cell| match one_line(cell) {
                cell if cell.is_empty() => "-".to_owned(),
                cell => cell,
            })
        })
        .collect();
    let mut widths = headings.map(|heading| heading.chars().count());
    for row in &clean {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count()).min(widest);
        }
    }
    let line = |cells: [&str; N]| {
        let mut line = String::new();
        for (cell, width) in cells.into_iter().zip(widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        line.truncate(line.trim_end().len());
        line
    };
    std::iter::once(line(headings))
        .chain(
            clean
                .iter()
                .map(|row| line(row.each_ref().map(String::as_str))),
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned);
        let rows = [
            row(["i-1", "web", "x"]),
            row(["mi-22", "", "\u{1b}[2Jy\nz"]),
        ];
        assert_eq!(
            lines(["ID", "NAME", "NOTE"], &rows),
            ["ID     NAME  NOTE", "i-1    web   x", "mi-22  -     [2Jy z"]
        );
    }
}
